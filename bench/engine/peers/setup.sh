#!/bin/sh
# Makes the Python environment with the peers of the benchmark: PyTorch, and Keras on TensorFlow, from PyPI.
# Where: $1, or ${XDG_CACHE_HOME:-~/.cache}/perennial-bench, which is where the benchmark looks.
set -eu
directory="${1:-${XDG_CACHE_HOME:-$HOME/.cache}/perennial-bench}"
"${PYTHON:-python3}" -m venv "$directory"
"$directory/bin/pip" install --quiet --upgrade torch numpy
# Beside the yardstick, and not there for every Python and processor.
"$directory/bin/pip" install --quiet --upgrade keras tensorflow-cpu ||
  echo "Keras on TensorFlow could not be installed; the benchmark leaves it out." >&2
echo "$directory/bin/python"

#!/bin/sh
# `npm run test:python`: reads versions with Python's onnxruntime and safetensors, from PyPI, in an environment of their own.
# Where: $1, or ${XDG_CACHE_HOME:-~/.cache}/perennial-python.
set -eu
directory="${1:-${XDG_CACHE_HOME:-$HOME/.cache}/perennial-python}"
[ -x "$directory/bin/pip" ] || "${PYTHON:-python3}" -m venv "$directory"
"$directory/bin/pip" install --quiet --disable-pip-version-check numpy onnxruntime safetensors
PERENNIAL_TEST_PYTHON="$directory/bin/python" exec node node_modules/vitest/vitest.mjs run --config test/engine/python/vitest.config.ts

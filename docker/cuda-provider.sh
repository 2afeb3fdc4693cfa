#!/usr/bin/env bash
# Adds the CUDA provider to the installed ONNX Runtime: two libraries that are too large for its npm package, from PyPI's
# package of the same version, and NVIDIA's libraries that this one names. They go to .onnxruntime-cuda/, where the system's
# loader must be told to look for them. Needs a python3 with pip; downloads 1.6 GB.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(node --print "require('onnxruntime-node/package.json').version")
target=.onnxruntime-cuda
rm -rf "$target"

# The libraries are of no Python version, but pip wants to be told one that the package exists for.
install() {
  PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --target "$target" \
    --only-binary=:all: --no-compile --python-version 3.12 "$@"
}
install --no-deps "onnxruntime-gpu==$version"
# Of what it needs, what is not Python's: its extras `cuda` and `cudnn`.
mapfile -t nvidia < <(sed -nE 's/^Requires-Dist: (nvidia-[^;]*[^; ]) *; *extra == .(cuda|cudnn).$/\1/p' "$target"/onnxruntime_gpu-*.dist-info/METADATA)
install "${nvidia[@]}"

for library in shared cuda; do
  mv "$target/onnxruntime/capi/libonnxruntime_providers_$library.so" node_modules/onnxruntime-node/bin/napi-v6/linux/x64/
done
find "$target" -mindepth 1 -maxdepth 1 ! -name nvidia -exec rm -rf {} +

# Everything but the driver's library, which comes from the host, must be found.
folders=$(find "$PWD/$target/nvidia" -type d -name lib | paste -sd:)
missing=$(LD_LIBRARY_PATH=$folders ldd node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so |
  sed -n 's/^\s*\(\S*\) => not found/\1/p' | grep -v '^libcuda\.so\.1$' || true)
[ -z "$missing" ] || { echo "The CUDA provider of ONNX Runtime $version lacks $missing." >&2; exit 1; }

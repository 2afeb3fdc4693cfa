#!/usr/bin/env bash
# Adds the CUDA provider to the installed ONNX Runtime: three libraries that are too large for its npm package. Its own
# install script, which no `npm ci` of ours runs, downloads them from NuGet.
set -euo pipefail
cd "$(dirname "$0")/.."
ONNXRUNTIME_NODE_INSTALL=true node node_modules/onnxruntime-node/script/install.js
libraries="node_modules/onnxruntime-node/bin/napi-v6/linux/x64"
# For NVIDIA's TensorRT, which is not in the image; 50 MB of it are not missed.
rm -f "$libraries/libonnxruntime_providers_tensorrt.so"
for library in shared cuda; do
  test -s "$libraries/libonnxruntime_providers_$library.so" || { echo "The CUDA provider is not complete." >&2; exit 1; }
done

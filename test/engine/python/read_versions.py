"""Opens what every version carries with the libraries that Python's users have, and tells what they make of it.

For each folder named in the arguments: runs model.onnx on what requests.json holds, and reads weights.safetensors. Prints
one line of JSON for each. Numbers travel as base64 of their little-endian bytes, since JSON has no NaN.
"""

import base64
import hashlib
import json
import pathlib
import sys

import numpy as np
import onnxruntime
from safetensors.numpy import load_file


def given(tensor):
    if tensor["type"] == "string":
        return np.array(tensor["data"], dtype=object).reshape(tensor["dims"])
    return np.frombuffer(base64.b64decode(tensor["data"]), dtype=tensor["type"]).reshape(tensor["dims"])


def told(array):
    if array.dtype == object:
        return {"type": "string", "dims": array.shape, "data": array.ravel().tolist()}
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"type": str(array.dtype), "dims": array.shape, "data": data}


for folder in map(pathlib.Path, sys.argv[1:]):
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    requests = json.loads((folder / "requests.json").read_text())
    answers = []
    for request in requests:
        outputs = session.run(names, {name: given(tensor) for name, tensor in request.items()})
        answers.append({name: told(array) for name, array in zip(names, outputs)})
    weights = {
        name: {"shape": array.shape, "sha256": hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()}
        for name, array in load_file(folder / "weights.safetensors").items()
    }
    print(json.dumps({"answers": answers, "weights": weights}), flush=True)

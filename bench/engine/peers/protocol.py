"""What every peer shares: its commands, and the file with the weights and batches."""

import json
import struct
import sys
import time

import numpy


def read_tensors(path):
    """A safetensors file of float32 tensors, by name."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        body = file.read()
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        assert entry["dtype"] == "F32"
        tensors[name] = numpy.frombuffer(body[begin:end], "<f4").reshape(entry["shape"]).copy()
    return tensors


def layer_tensors(layer, tensors):
    """The tensors of one layer by their names within it, in the file's meaning: `kernel` for `dense_0/kernel`."""
    prefix = layer["name"] + "/"
    return {name[len(prefix):]: value for name, value in tensors.items() if name.startswith(prefix)}


def serve(versions, load):
    """Answers commands until there are no more.

    `load(work)` builds the model and returns a function that makes one step on the batch of that index and returns its
    loss as a number, and what else it has to say about loading.
    """
    answers = sys.stdout

    def answer(value):
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    answer({"versions": versions})
    step, taken, batches = None, 0, 1
    for line in sys.stdin:
        command = json.loads(line)
        if "load" in command:
            start = time.perf_counter()
            step = load(command["load"])
            taken, batches = 0, command["load"]["batches"]
            answer({"milliseconds": (time.perf_counter() - start) * 1000})
            continue
        losses = []
        cpu = time.process_time()
        start = time.perf_counter()
        for _ in range(command["steps"]):
            losses.append(step(taken % batches))
            taken += 1
        seconds = time.perf_counter() - start
        answer({
            "milliseconds": seconds * 1000,
            "cpuMilliseconds": (time.process_time() - cpu) * 1000,
            "losses": losses,
        })

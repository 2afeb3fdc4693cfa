"""Outputs and gradients of the sequence layers, computed by Keras 3 (PyTorch backend, float64: on JAX
its recurrent layers fall back to float32).

    pip install keras torch
    python sequences_golden.py > sequences.json

Each case: the input x, the parameters by the engine's names, the output y = layer(x), and the gradients of
sum(y * weights) by x and by every parameter.
"""

import json
import os

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch

keras.config.set_floatx("float64")
torch.set_default_dtype(torch.float64)
RNG = np.random.default_rng(11)
L = keras.layers
BATCH, TIME, FEATURES, UNITS = 2, 4, 3, 2


def case(layer, x, names, differentiable=True):
    layer.build(x.shape)
    values = [RNG.normal(0, 0.6, v.shape) for v in layer.trainable_variables]
    for variable, value in zip(layer.trainable_variables, values):
        variable.assign(value)
    given = torch.tensor(x, requires_grad=differentiable)
    y = layer(given)
    weights = RNG.normal(size=tuple(y.shape))
    (y * torch.tensor(weights)).sum().backward()
    by_values = [v.value.grad.numpy() for v in layer.trainable_variables]
    assert len(names) == len(values), (names, [v.path for v in layer.trainable_variables])

    def flat(array):
        return {"shape": list(np.shape(array)), "values": np.asarray(array, dtype=float).round(12).ravel().tolist()}

    return {
        "x": flat(x),
        "parameters": {name: flat(value) for name, value in zip(names, values)},
        "y": flat(y.detach().numpy()),
        "weights": flat(weights),
        "gradients": {name: flat(value) for name, value in zip(names, by_values)},
        **({"gradient": flat(given.grad.numpy())} if differentiable else {}),
    }


def sequence():
    return RNG.normal(size=(BATCH, TIME, FEATURES))


RECURRENT = ["kernel", "recurrent_kernel", "bias"]
BOTH = [f"{layer}/{name}" for layer in ("forward_layer", "backward_layer") for name in RECURRENT]
ATTENTION = [f"{part}/{name}" for part in ("query", "key", "value", "attention_output") for name in ("kernel", "bias")]


class SelfAttention(L.MultiHeadAttention):
    """The layer with its input as query, key and value."""

    def __init__(self, causal=False, **options):
        super().__init__(**options)
        self.causal = causal

    def build(self, shape):
        super().build(shape, shape)

    def call(self, x):
        return super().call(x, x, use_causal_mask=self.causal)


CASES = {
    "simpleRnn": lambda: case(L.SimpleRNN(UNITS), sequence(), RECURRENT),
    "simpleRnn with sequences, backwards": lambda: case(
        L.SimpleRNN(UNITS, activation="relu", return_sequences=True, go_backwards=True, use_bias=False),
        sequence(),
        RECURRENT[:2],
    ),
    "lstm": lambda: case(L.LSTM(UNITS), sequence(), RECURRENT),
    "lstm with sequences": lambda: case(L.LSTM(UNITS, return_sequences=True), sequence(), RECURRENT),
    "lstm backwards, other activations": lambda: case(
        L.LSTM(UNITS, activation="softplus", recurrent_activation="hard_sigmoid", go_backwards=True),
        sequence(),
        RECURRENT,
    ),
    "gru": lambda: case(L.GRU(UNITS), sequence(), RECURRENT),
    "gru with sequences, backwards": lambda: case(
        L.GRU(UNITS, return_sequences=True, go_backwards=True), sequence(), RECURRENT
    ),
    "gru without bias": lambda: case(L.GRU(UNITS, use_bias=False), sequence(), RECURRENT[:2]),
    "bidirectional lstm": lambda: case(L.Bidirectional(L.LSTM(UNITS, return_sequences=True)), sequence(), BOTH),
    "bidirectional gru": lambda: case(L.Bidirectional(L.GRU(UNITS), merge_mode="sum"), sequence(), BOTH),
    "multiHeadAttention": lambda: case(SelfAttention(num_heads=2, key_dim=3), sequence(), ATTENTION),
    "multiHeadAttention, causal": lambda: case(
        SelfAttention(num_heads=2, key_dim=3, value_dim=2, causal=True), sequence(), ATTENTION
    ),
    "embedding": lambda: case(
        L.Embedding(5, 3), np.array([[0, 4, 4], [2, 0, 1]]), ["embeddings"], differentiable=False
    ),
}


def main():
    versions = {"keras": keras.__version__, "torch": torch.__version__}
    print(json.dumps({"versions": versions, "cases": {name: make() for name, make in CASES.items()}}))


main()

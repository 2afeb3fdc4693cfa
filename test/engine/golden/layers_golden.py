"""Outputs and gradients of layers that the engine's tests compare with, computed by Keras 3 (JAX backend, float64).

    pip install keras "jax[cpu]"
    python layers_golden.py > layers.json

Each case is a layer as our declarations write it, on a batch of two. Inputs, weights and the projection whose gradient is
taken come from `numbers`, which the tests compute by the same formula.
"""

import json
import os
import re

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"

import jax
import keras
import numpy as np

keras.config.set_floatx("float64")

L = keras.layers
CLASSES = {
    "conv1d": L.Conv1D,
    "conv2d": L.Conv2D,
    "conv2dTranspose": L.Conv2DTranspose,
    "depthwiseConv2d": L.DepthwiseConv2D,
    "separableConv2d": L.SeparableConv2D,
    "maxPooling1d": L.MaxPooling1D,
    "maxPooling2d": L.MaxPooling2D,
    "averagePooling1d": L.AveragePooling1D,
    "averagePooling2d": L.AveragePooling2D,
    "globalMaxPooling1d": L.GlobalMaxPooling1D,
    "globalMaxPooling2d": L.GlobalMaxPooling2D,
    "globalAveragePooling1d": L.GlobalAveragePooling1D,
    "globalAveragePooling2d": L.GlobalAveragePooling2D,
    "groupNormalization": L.GroupNormalization,
    "leakyRelu": L.LeakyReLU,
    "elu": L.ELU,
    "prelu": L.PReLU,
    "permute": L.Permute,
    "repeatVector": L.RepeatVector,
    "zeroPadding1d": L.ZeroPadding1D,
    "zeroPadding2d": L.ZeroPadding2D,
    "upSampling1d": L.UpSampling1D,
    "upSampling2d": L.UpSampling2D,
}

STEPS, WIDE, IMAGE, EVEN = [7, 2], [6, 4], [5, 4, 2], [4, 6, 4]
CASES = [
    (STEPS, "conv1d", {"filters": 3, "kernelSize": [3]}),
    (STEPS, "conv1d", {"filters": 3, "kernelSize": [3], "strides": [2], "padding": "SAME", "activation": "TANH"}),
    (STEPS, "conv1d", {"filters": 2, "kernelSize": [2], "dilationRate": [2], "padding": "CAUSAL"}),
    (STEPS, "conv1d", {"filters": 2, "kernelSize": [3], "dilationRate": [2], "useBias": False}),
    (WIDE, "conv1d", {"filters": 4, "kernelSize": [2], "groups": 2, "padding": "SAME"}),
    (IMAGE, "conv2d", {"filters": 3, "kernelSize": [3]}),
    (IMAGE, "conv2d", {"filters": 3, "kernelSize": [3], "padding": "SAME", "activation": "SIGMOID"}),
    (IMAGE, "conv2d", {"filters": 2, "kernelSize": [2, 3], "strides": [2, 1], "padding": "SAME"}),
    (IMAGE, "conv2d", {"filters": 2, "kernelSize": [2], "strides": [3, 2]}),
    (IMAGE, "conv2d", {"filters": 2, "kernelSize": [1], "strides": [2], "padding": "SAME"}),
    (IMAGE, "conv2d", {"filters": 2, "kernelSize": [2], "dilationRate": [2, 3]}),
    (IMAGE, "conv2d", {"filters": 2, "kernelSize": [2, 3], "dilationRate": [2], "padding": "SAME", "useBias": False}),
    (EVEN, "conv2d", {"filters": 6, "kernelSize": [2], "groups": 2, "strides": [2]}),
    (EVEN, "conv2d", {"filters": 2, "kernelSize": [2], "groups": 2, "dilationRate": [2]}),
    (EVEN, "conv2d", {"filters": 8, "kernelSize": [3], "groups": 4, "padding": "SAME"}),
    (IMAGE, "conv2dTranspose", {"filters": 3, "kernelSize": [3]}),
    (IMAGE, "conv2dTranspose", {"filters": 2, "kernelSize": [3], "strides": [2], "padding": "SAME"}),
    (IMAGE, "conv2dTranspose", {"filters": 2, "kernelSize": [2, 4], "strides": [3, 2]}),
    (IMAGE, "conv2dTranspose", {"filters": 2, "kernelSize": [2], "strides": [1, 2], "padding": "SAME"}),
    (IMAGE, "conv2dTranspose", {"filters": 2, "kernelSize": [2, 3], "dilationRate": [2], "activation": "TANH"}),
    (IMAGE, "conv2dTranspose", {"filters": 2, "kernelSize": [2, 3], "dilationRate": [3, 2], "padding": "SAME"}),
    (IMAGE, "depthwiseConv2d", {"kernelSize": [3]}),
    (IMAGE, "depthwiseConv2d", {"kernelSize": [2, 3], "depthMultiplier": 2, "strides": [2], "padding": "SAME"}),
    (IMAGE, "depthwiseConv2d", {"kernelSize": [2], "depthMultiplier": 2, "dilationRate": [2, 1]}),
    (IMAGE, "depthwiseConv2d", {"kernelSize": [2], "dilationRate": [2], "padding": "SAME", "useBias": False}),
    (IMAGE, "separableConv2d", {"filters": 3, "kernelSize": [3], "depthMultiplier": 2, "activation": "TANH"}),
    (IMAGE, "separableConv2d", {"filters": 2, "kernelSize": [2], "strides": [2], "padding": "SAME"}),
    (STEPS, "maxPooling1d", {}),
    (STEPS, "maxPooling1d", {"poolSize": [3], "strides": [2], "padding": "SAME"}),
    (IMAGE, "maxPooling2d", {}),
    (IMAGE, "maxPooling2d", {"poolSize": [3, 2], "strides": [1], "padding": "SAME"}),
    (IMAGE, "maxPooling2d", {"poolSize": [2], "strides": [1]}),
    (EVEN, "maxPooling2d", {"poolSize": [2, 3]}),
    (EVEN, "maxPooling2d", {"poolSize": [1, 2], "strides": [2, 3]}),
    (STEPS, "averagePooling1d", {"poolSize": [2]}),
    (STEPS, "averagePooling1d", {"poolSize": [3], "strides": [1], "padding": "SAME"}),
    (IMAGE, "averagePooling2d", {"poolSize": [2]}),
    (IMAGE, "averagePooling2d", {"poolSize": [3, 2], "strides": [2, 1], "padding": "SAME"}),
    (IMAGE, "averagePooling2d", {"poolSize": [3, 2], "strides": [1]}),
    (EVEN, "averagePooling2d", {"poolSize": [2, 3]}),
    (STEPS, "globalMaxPooling1d", {}),
    (IMAGE, "globalMaxPooling2d", {"keepDims": True}),
    (STEPS, "globalAveragePooling1d", {"keepDims": True}),
    (IMAGE, "globalAveragePooling2d", {}),
    (WIDE, "groupNormalization", {"groups": 2}),
    (EVEN, "groupNormalization", {"groups": -1, "epsilon": 0.01}),
    ([6], "groupNormalization", {"groups": 3, "scale": False}),
    (IMAGE, "leakyRelu", {}),
    (IMAGE, "leakyRelu", {"negativeSlope": 0.05}),
    (IMAGE, "elu", {}),
    (IMAGE, "elu", {"alpha": 0.4}),
    ([5], "prelu", {}),
    (IMAGE, "prelu", {"sharedAxes": [1, 2]}),
    (IMAGE, "permute", {"dims": [3, 1, 2]}),
    ([3], "repeatVector", {"n": 2}),
    (STEPS, "zeroPadding1d", {}),
    (STEPS, "zeroPadding1d", {"padding": [0, 2]}),
    (IMAGE, "zeroPadding2d", {}),
    (IMAGE, "zeroPadding2d", {"padding": [[1], [2]]}),
    (IMAGE, "zeroPadding2d", {"padding": [[0, 1], [2, 0]]}),
    (STEPS, "upSampling1d", {}),
    (IMAGE, "upSampling2d", {}),
    (IMAGE, "upSampling2d", {"size": [1, 3]}),
]

BATCH = 2


def numbers(shape, seed):
    """Distinct numbers between -1 and 1, up to 9,973 of them."""
    index = np.arange(int(np.prod(shape)))
    return (((index * 7919 + seed * 104729) % 9973) / 4986.5 - 1).reshape(shape)


def argument(name, value):
    snake = "keepdims" if name == "keepDims" else re.sub(r"(?=[A-Z])", "_", name).lower()
    if isinstance(value, str):
        return snake, value.lower()
    if isinstance(value, list) and name not in ("sharedAxes", "dims"):
        entries = [entry[0] if isinstance(entry, list) and len(entry) == 1 else entry for entry in value]
        return snake, entries[0] if len(entries) == 1 else tuple(entries)
    return snake, value


def rounded(array):
    return [float(f"{value:.8g}") for value in np.asarray(array).ravel()]


def case(shape, kind, options):
    layer = CLASSES[kind](**dict(argument(*option) for option in options.items()))
    layer.build((BATCH, *shape))
    x = numbers((BATCH, *shape), 1)
    weights = [numbers(weight.shape, 2 + index) for index, weight in enumerate(layer.trainable_variables)]
    output = layer.compute_output_spec(keras.KerasTensor((BATCH, *shape), dtype="float64"))
    projection = numbers(output.shape, 9)

    def forward(values, inputs):
        return layer.stateless_call(values, layer.non_trainable_variables, inputs)[0]

    def projected(values, inputs):
        return (forward(values, inputs) * projection).sum()

    by_weights, by_input = jax.grad(projected, argnums=(0, 1))(weights, x)
    return {
        "inputShape": shape,
        "layer": {kind: options},
        "outputShape": list(output.shape[1:]),
        "weightShapes": [list(weight.shape) for weight in weights],
        "y": rounded(forward(weights, x)),
        "inputGradient": rounded(by_input),
        "weightGradients": [rounded(gradient) for gradient in by_weights],
    }


def extents(make, paddings, rank):
    """What becomes of an extent, as five numbers a case: extent, window, stride, dilation, result."""
    table = {}
    for padding in paddings:
        rows = []
        for extent in (5, 6, 7):
            for window in (1, 2, 3, 5):
                for stride, dilation in ((1, 1), (2, 1), (3, 1), (1, 2), (1, 3)):
                    if rank == 1 and padding == "valid" and (window - 1) * dilation + 1 > extent:
                        continue
                    layer = make(window, stride, dilation, padding)
                    if layer is not None:
                        result = layer.compute_output_shape((None, *[extent] * rank, 1))[1]
                        rows += [extent, window, stride, dilation, int(result)]
        table[padding.upper()] = rows
    return table


def convolution(layer):
    return lambda window, stride, dilation, padding: layer(
        1, window, strides=stride, dilation_rate=dilation, padding=padding
    )


def pooling(window, stride, dilation, padding):
    return L.MaxPooling1D(window, strides=stride, padding=padding) if dilation == 1 else None


EXTENTS = {
    "conv1d": lambda: extents(convolution(L.Conv1D), ("valid", "same", "causal"), 1),
    "conv2dTranspose": lambda: extents(convolution(L.Conv2DTranspose), ("valid", "same"), 2),
    "maxPooling1d": lambda: extents(pooling, ("valid", "same"), 1),
}


def main():
    versions = {"keras": keras.__version__, "jax": jax.__version__}
    cases = [case(*entry) for entry in CASES]
    print(json.dumps({"versions": versions, "cases": cases, "extents": {name: make() for name, make in EXTENTS.items()}}))


main()

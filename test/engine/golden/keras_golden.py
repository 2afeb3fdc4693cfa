"""Numbers that the engine's tests compare with, computed by Keras 3 (JAX backend, float64) and scikit-learn.

    pip install keras "jax[cpu]" scikit-learn
    python keras_golden.py > keras.json

`learning_rates.step` is the one exception: PyTorch's StepLR, written out by its definition.
"""

import json
import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"

import jax
import keras
import numpy as np
from keras import ops
from sklearn import metrics as sk

keras.config.set_floatx("float64")
keras.config.set_epsilon(1e-7)

FIRST = np.array([1.0, -2.0, 3.0, 0.5])
SECOND = np.array([[0.25], [-0.75]])
GRADIENTS = [
    (np.array([0.1, -0.2, 0.3, 2.0]), np.array([[0.5], [-0.05]])),
    (np.array([-0.4, 0.0, 0.05, 1.0]), np.array([[0.3], [0.2]])),
    (np.array([0.2, 0.7, -3.0, 0.5]), np.array([[-0.1], [0.9]])),
    (np.array([0.0, -0.1, 0.2, -0.6]), np.array([[0.05], [0.0]])),
    (np.array([1e-4, 0.3, 0.1, 0.01]), np.array([[-0.8], [0.02]])),
]


def trajectory(make):
    optimizer = make()
    variables = [keras.Variable(FIRST), keras.Variable(SECOND)]
    steps = []
    for gradients in GRADIENTS:
        optimizer.apply([ops.convert_to_tensor(g) for g in gradients], variables)
        steps.append([np.asarray(v.value).ravel().tolist() for v in variables])
    return steps


def decay(rate=0.1, staircase=False):
    return keras.optimizers.schedules.ExponentialDecay(rate, decay_steps=2, decay_rate=0.5, staircase=staircase)


K = keras.optimizers
OPTIMIZERS = {
    "sgd": lambda: K.SGD(0.1),
    "momentum": lambda: K.SGD(0.1, momentum=0.9),
    "nesterov": lambda: K.SGD(0.1, momentum=0.9, nesterov=True),
    "momentum with exponential decay": lambda: K.SGD(decay(), momentum=0.9),
    "adam": lambda: K.Adam(0.01),
    "adam with other constants": lambda: K.Adam(0.05, beta_1=0.8, beta_2=0.95, epsilon=1e-3),
    "amsgrad": lambda: K.Adam(0.01, amsgrad=True),
    "adam with staircase decay": lambda: K.Adam(decay(0.02, True)),
    "adamw": lambda: K.AdamW(0.01, weight_decay=0.1),
    "adamw amsgrad": lambda: K.AdamW(0.01, weight_decay=0.02, amsgrad=True),
    "sgd clipped by norm": lambda: K.SGD(0.1, clipnorm=0.5),
    "sgd clipped by global norm": lambda: K.SGD(0.1, global_clipnorm=0.5),
    "sgd clipped by value": lambda: K.SGD(0.1, clipvalue=0.25),
}

X = np.array([-30.0, -4.0, -3.0, -1.5, -0.5, 0.0, 0.25, 1.0, 2.9, 3.0, 6.5, 30.0])
ACTIVATIONS = (
    "linear relu relu6 leaky_relu elu selu celu gelu silu hard_silu sigmoid hard_sigmoid log_sigmoid tanh hard_tanh "
    "softplus softsign softmax log_softmax exponential mish hard_shrink soft_shrink tanh_shrink sparse_plus "
    "sparse_sigmoid squareplus"
).split()

LOGITS = np.array([[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [-3.0, 4.0, 1.0], [30.0, -30.0, 5.0]])
ONE_HOT = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]])
BITS = np.array([[1.0, 0, 1], [0, 1, 1], [0, 0, 1], [1, 1, 0]])
VALUES = np.array([[1.5, -1.0, 0.5], [0.25, -2.0, 0.0], [-3.0, 4.5, 1.0], [20.0, -28.0, 5.0]])
L = keras.losses
NONE = {"reduction": None}
LOSSES = {
    "MEAN_SQUARED_ERROR": (L.MeanSquaredError(**NONE), VALUES),
    "MEAN_ABSOLUTE_ERROR": (L.MeanAbsoluteError(**NONE), VALUES),
    "HUBER": (L.Huber(delta=1.25, **NONE), VALUES),
    "LOG_COSH": (L.LogCosh(**NONE), VALUES),
    "BINARY_CROSSENTROPY": (L.BinaryCrossentropy(from_logits=True, **NONE), BITS),
    "BINARY_CROSSENTROPY smoothed": (L.BinaryCrossentropy(from_logits=True, label_smoothing=0.1, **NONE), BITS),
    "CATEGORICAL_CROSSENTROPY": (L.CategoricalCrossentropy(from_logits=True, **NONE), ONE_HOT),
    "CATEGORICAL_CROSSENTROPY smoothed": (
        L.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2, **NONE),
        ONE_HOT,
    ),
}

ROWS = np.array([[1.0, 2.0, -1.0], [0.5, -2.0, 3.0], [4.0, 0.0, 0.25], [-1.0, 1.0, 1.0]])
GAMMA = np.array([1.5, 0.5, -1.0])
BETA = np.array([0.1, -0.2, 0.3])


def normalization(layer):
    layer.build(ROWS.shape)
    layer.gamma.assign(GAMMA)
    layer.beta.assign(BETA)
    out = {"training": np.asarray(layer(ROWS, training=True)).tolist()}
    if hasattr(layer, "moving_mean"):
        out["moving_mean"] = np.asarray(layer.moving_mean.value).tolist()
        out["moving_variance"] = np.asarray(layer.moving_variance.value).tolist()
        out["inference"] = np.asarray(layer(ROWS, training=False)).tolist()
    return out


RNG = np.random.default_rng(7)
CLASS_SCORES = RNG.dirichlet(np.ones(4), size=40).round(3)
CLASSES = RNG.integers(0, 3, size=40)
SCORES = RNG.random(50).round(1)
LABELS = RNG.integers(0, 2, size=50)
TARGETS = RNG.normal(50, 10, size=30).round(2)
ESTIMATES = (TARGETS + RNG.normal(0, 4, size=30)).round(2)


def classification():
    predicted = CLASS_SCORES.argmax(1)
    average = {"average": "macro", "zero_division": np.nan}
    return {
        "predictions": CLASS_SCORES.tolist(),
        "classes": CLASSES.tolist(),
        "ACCURACY": sk.accuracy_score(CLASSES, predicted),
        "PRECISION": sk.precision_score(CLASSES, predicted, **average),
        "RECALL": sk.recall_score(CLASSES, predicted, **average),
        "F1_SCORE": sk.f1_score(CLASSES, predicted, **average),
        "RECALL_WITH_ZEROS": sk.recall_score(CLASSES, predicted, average="macro", zero_division=0),
    }


def binary():
    predicted = SCORES > 0.5
    return {
        "predictions": SCORES.tolist(),
        "labels": LABELS.tolist(),
        "ACCURACY": sk.accuracy_score(LABELS, predicted),
        "PRECISION": sk.precision_score(LABELS, predicted),
        "RECALL": sk.recall_score(LABELS, predicted),
        "F1_SCORE": sk.f1_score(LABELS, predicted),
        "AUC": sk.roc_auc_score(LABELS, SCORES),
    }


def regression():
    return {
        "predictions": ESTIMATES.tolist(),
        "targets": TARGETS.tolist(),
        "MEAN_ABSOLUTE_ERROR": sk.mean_absolute_error(TARGETS, ESTIMATES),
        "MEAN_SQUARED_ERROR": sk.mean_squared_error(TARGETS, ESTIMATES),
        "ROOT_MEAN_SQUARED_ERROR": sk.root_mean_squared_error(TARGETS, ESTIMATES),
        "R2_SCORE": sk.r2_score(TARGETS, ESTIMATES),
    }


def main():
    exponential = {name: [float(decay(0.1, name == "staircase")(s)) for s in range(7)] for name in ("smooth", "staircase")}
    golden = {
        "versions": {"keras": keras.__version__, "jax": jax.__version__},
        "parameters": [FIRST.tolist(), SECOND.ravel().tolist()],
        "gradients": [[g.ravel().tolist() for g in step] for step in GRADIENTS],
        "optimizers": {name: trajectory(make) for name, make in OPTIMIZERS.items()},
        "learning_rates": {**exponential, "step": [0.1 * 0.3 ** (s // 3) for s in range(10)]},
        "x": X.tolist(),
        "activations": {
            name.upper(): np.asarray(getattr(keras.activations, name)(ops.convert_to_tensor(X[None]))).ravel().tolist()
            for name in ACTIVATIONS
        },
        "logits": LOGITS.ravel().tolist(),
        "losses": {
            name: {"targets": y.ravel().tolist(), "values": np.asarray(loss(y, LOGITS)).tolist()}
            for name, (loss, y) in LOSSES.items()
        },
        "rows": ROWS.ravel().tolist(),
        "gamma": GAMMA.tolist(),
        "beta": BETA.tolist(),
        "batchNormalization": normalization(keras.layers.BatchNormalization(momentum=0.9)),
        "layerNormalization": normalization(keras.layers.LayerNormalization()),
        "classification": classification(),
        "binary": binary(),
        "regression": regression(),
    }
    print(json.dumps(golden, indent=1))


main()

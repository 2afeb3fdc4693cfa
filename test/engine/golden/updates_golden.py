"""Numbers that the tests of optimizers, schedules, losses and metrics compare with.

    pip install keras "jax[cpu]" torch scikit-learn
    python updates_golden.py > updates.json

Optimizers, losses and most schedules by Keras 3 (JAX backend, float64), StepLR and OneCycleLR by PyTorch, metrics by
scikit-learn. Two things are written out by their definition, since neither library has them: warmup-stable-decay, and the
moving average of weights under gradient accumulation (Keras averages after every batch, here it is after every update).
"""

import json
import math
import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"

import jax
import keras
import numpy as np
import torch
from keras import ops
from sklearn import metrics as sk
from sklearn.utils.class_weight import compute_sample_weight

keras.config.set_floatx("float64")
keras.config.set_epsilon(1e-7)

VECTOR = np.array([1.0, -2.0, 3.0, 0.5])
MATRIX = np.array([[0.25, -0.75, 1.5], [-1.25, 0.0, 2.0]])
GRADIENTS = [
    (np.array([0.1, -0.2, 0.3, 2.0]), np.array([[0.5, -0.05, 0.2], [1.5, -0.7, 0.01]])),
    (np.array([-0.4, 0.0, 0.05, 1.0]), np.array([[0.3, 0.2, -0.9], [0.0, 0.4, -0.3]])),
    (np.array([0.2, 0.7, -3.0, 0.5]), np.array([[-0.1, 0.9, 0.0], [-2.0, 0.1, 0.6]])),
    (np.array([0.0, -0.1, 0.2, -0.6]), np.array([[0.05, 0.0, 0.3], [0.8, -0.2, 0.2]])),
    (np.array([1e-4, 0.3, 0.1, 0.01]), np.array([[-0.8, 0.02, 0.1], [0.3, 0.3, -1.1]])),
]
K = keras.optimizers
S = K.schedules


def values(variables):
    return [np.asarray(v.value if hasattr(v, "value") else v).ravel().tolist() for v in variables]


def trajectory(make):
    optimizer = make()
    variables = [keras.Variable(VECTOR), keras.Variable(MATRIX)]
    steps, averages = [], []
    for gradients in GRADIENTS:
        optimizer.apply([ops.convert_to_tensor(g) for g in gradients], variables)
        steps.append(values(variables))
        if optimizer.use_ema:
            averages.append(values(optimizer._model_variables_moving_average))
    return {"steps": steps, **({"averages": averages} if averages else {})}


def accumulated(momentum=0.5):
    """Adam over pairs of batches, averaged after each update; the averages before the first are the parameters."""
    optimizer = K.Adam(0.05, gradient_accumulation_steps=2, weight_decay=0.1, clipnorm=1.0)
    variables = [keras.Variable(VECTOR), keras.Variable(MATRIX)]
    average = [VECTOR, MATRIX]
    steps, averages = [], []
    for index, gradients in enumerate(GRADIENTS):
        optimizer.apply([ops.convert_to_tensor(g) for g in gradients], variables)
        if index % 2 == 1:
            share = 0.0 if index == 1 else momentum
            average = [share * a + (1 - share) * np.asarray(v.value) for a, v in zip(average, variables)]
        steps.append(values(variables))
        averages.append(values(average))
    return {"steps": steps, "averages": averages}


OPTIMIZERS = {
    "nesterov with weight decay": lambda: K.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.05),
    "adagrad": lambda: K.Adagrad(0.1),
    "adagrad with other constants": lambda: K.Adagrad(0.2, initial_accumulator_value=0.0, epsilon=1e-2),
    "adadelta": lambda: K.Adadelta(1.0),
    "adadelta with weight decay": lambda: K.Adadelta(0.5, rho=0.8, epsilon=1e-3, weight_decay=0.1),
    "rmsprop": lambda: K.RMSprop(0.01),
    "rmsprop with momentum": lambda: K.RMSprop(0.01, rho=0.8, momentum=0.9, epsilon=1e-4),
    "rmsprop centered": lambda: K.RMSprop(0.01, centered=True),
    "rmsprop centered with momentum, decay and clipping": lambda: K.RMSprop(
        0.02, centered=True, momentum=0.5, weight_decay=0.1, global_clipnorm=1.0
    ),
    "adam with weight decay": lambda: K.Adam(0.01, weight_decay=0.1),
    "adamw": lambda: K.AdamW(0.01),
    "adamax": lambda: K.Adamax(0.01),
    "adamax with weight decay": lambda: K.Adamax(0.05, beta_1=0.8, beta_2=0.9, epsilon=1e-3, weight_decay=0.02),
    "nadam": lambda: K.Nadam(0.01),
    "nadam with other constants": lambda: K.Nadam(0.05, beta_1=0.8, beta_2=0.95, epsilon=1e-3, clipvalue=0.5),
    "ftrl": lambda: K.Ftrl(0.1),
    "ftrl with penalties": lambda: K.Ftrl(
        0.2,
        learning_rate_power=-0.7,
        initial_accumulator_value=0.2,
        l1_regularization_strength=0.5,
        l2_regularization_strength=0.3,
        l2_shrinkage_regularization_strength=0.1,
        beta=0.4,
        weight_decay=0.1,
    ),
    "lion": lambda: K.Lion(0.01),
    "lion with weight decay": lambda: K.Lion(0.02, beta_1=0.7, beta_2=0.9, weight_decay=0.5),
    "lamb": lambda: K.Lamb(0.01),
    "lamb with weight decay": lambda: K.Lamb(0.05, epsilon=1e-3, weight_decay=0.1),
    "adafactor": lambda: K.Adafactor(0.05),
    "adafactor with other constants": lambda: K.Adafactor(
        0.8, beta_2_decay=-0.5, epsilon_1=1e-3, epsilon_2=0.1, clip_threshold=0.5, weight_decay=0.1
    ),
    "muon": lambda: K.Muon(0.01),
    "muon with other constants": lambda: K.Muon(
        0.05,
        adam_beta_1=0.8,
        adam_beta_2=0.95,
        adam_lr_ratio=0.5,
        adam_weight_decay=0.1,
        epsilon=1e-3,
        momentum=0.8,
        muon_a=3.0,
        muon_b=-4.0,
        muon_c=1.9,
        nesterov=False,
        ns_steps=3,
        rms_rate=None,
        weight_decay=0.1,
    ),
    "muon with an average of clipped steps": lambda: K.Muon(
        0.02, global_clipnorm=1.0, use_ema=True, ema_momentum=0.8
    ),
    "muon over pairs of batches": lambda: K.Muon(0.02, gradient_accumulation_steps=2),
    "adam with an average of weights": lambda: K.Adam(0.05, use_ema=True, ema_momentum=0.8),
    "momentum over pairs of batches": lambda: K.SGD(S.ExponentialDecay(0.1, 1, 0.5), momentum=0.9, gradient_accumulation_steps=2),
}

SCHEDULES = {
    "exponentialDecay": S.ExponentialDecay(0.1, 7, 0.5),
    "exponentialDecay staircase": S.ExponentialDecay(0.1, 7, 0.5, staircase=True),
    "piecewiseConstantDecay": S.PiecewiseConstantDecay([3, 10], [0.1, 0.05, 0.01]),
    "polynomialDecay": S.PolynomialDecay(0.1, 12, end_learning_rate=0.01, power=0.5),
    "polynomialDecay cycle": S.PolynomialDecay(0.1, 7, end_learning_rate=0.01, power=2.0, cycle=True),
    "inverseTimeDecay": S.InverseTimeDecay(0.1, 7, 0.5),
    "inverseTimeDecay staircase": S.InverseTimeDecay(0.1, 7, 0.5, staircase=True),
    "cosineDecay": S.CosineDecay(0.1, 20, alpha=0.1),
    "cosineDecay warm-up": S.CosineDecay(0.0, 20, alpha=0.05, warmup_target=0.2, warmup_steps=5),
    "cosineDecayRestarts": S.CosineDecayRestarts(0.1, 5, t_mul=2.0, m_mul=0.8, alpha=0.1),
    "cosineDecayRestarts even": S.CosineDecayRestarts(0.1, 6, t_mul=1.0, m_mul=0.5),
}
STEPS = 40


def torch_rates(make, steps):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    schedule = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return rates


L = torch.optim.lr_scheduler
TORCH_SCHEDULES = {
    "step": (lambda o: L.StepLR(o, 3, gamma=0.3), STEPS),
    "oneCycle": (lambda o: L.OneCycleLR(o, 0.5, total_steps=30, cycle_momentum=False), 30),
    "oneCycle with other constants": (
        lambda o: L.OneCycleLR(o, 0.2, total_steps=17, pct_start=0.4, div_factor=10, final_div_factor=100, cycle_momentum=False),
        17,
    ),
}


def warmup_stable_decay(left):
    """Initial 0.01, peak 0.2, end 0.002; 4 updates up, 10 level, 12 down."""
    rates = []
    for t in range(STEPS):
        if t < 4:
            rates.append(0.01 + (0.2 - 0.01) * t / 4)
        else:
            rates.append(0.002 + (0.2 - 0.002) * left(min(1.0, max(0.0, (t - 14) / 12))))
    return rates


def plateau(values, **options):
    """The learning rate after each epoch's value, by Keras's callback."""
    callback = keras.callbacks.ReduceLROnPlateau(monitor="value", **options)
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(K.SGD(0.1))
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"value": value})
        rates.append(float(model.optimizer.learning_rate))
    return {"values": values, "rates": rates}


FALLING = [5.0, 4.0, 4.0, 3.9999, 4.2, 4.1, 4.3, 3.0, 3.5, 3.4, 3.3, 3.2, 3.1, 3.05, 3.01, 3.2, 3.3, 3.4, 3.5, 3.6]
PLATEAUS = {
    "patience 2": plateau(FALLING, mode="min", patience=2, factor=0.5),
    "cooldown 2": plateau(FALLING, mode="min", patience=2, factor=0.5, cooldown=2),
    "a least rate": plateau(FALLING, mode="min", patience=1, factor=0.1, min_lr=0.002),
    "patience 0": plateau(FALLING, mode="min", patience=0, factor=0.9, min_delta=0.05),
    "larger is better": plateau([-v for v in FALLING], mode="max", patience=3, factor=0.5, cooldown=1),
}

LOGITS = np.array([[2.0, -1.0, 0.5], [0.0, 0.1, -0.2], [-3.0, 2.5, 1.0], [4.0, -4.0, 3.0]])
ONE_HOT = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]])
BITS = np.array([[1.0, 0, 1], [0, 1, 1], [0, 0, 1], [1, 1, 0]])
COUNTS = np.array([[3.0, 0.0, 1.0], [2.0, 7.0, 0.5], [0.0, 12.0, 4.0], [40.0, 1.0, 20.0]])
SHARES = np.array([[0.2, 0.5, 0.3], [1.0, 0.0, 0.0], [0.1, 0.1, 0.8], [0.0, 0.75, 0.25]])
LOSS = keras.losses
N = {"reduction": None}
LOSSES = {
    "MEAN_ABSOLUTE_PERCENTAGE_ERROR": (LOSS.MeanAbsolutePercentageError(**N), COUNTS + 0.5, np.exp(LOGITS)),
    "MEAN_SQUARED_LOGARITHMIC_ERROR": (LOSS.MeanSquaredLogarithmicError(**N), COUNTS, np.exp(LOGITS)),
    "POISSON": (LOSS.Poisson(**N), COUNTS, np.exp(LOGITS)),
    "BINARY_FOCAL_CROSSENTROPY": (LOSS.BinaryFocalCrossentropy(from_logits=True, **N), BITS, LOGITS),
    "BINARY_FOCAL_CROSSENTROPY balanced": (
        LOSS.BinaryFocalCrossentropy(
            apply_class_balancing=True, alpha=0.3, gamma=1.5, label_smoothing=0.1, from_logits=True, **N
        ),
        BITS,
        LOGITS,
    ),
    "CATEGORICAL_FOCAL_CROSSENTROPY": (LOSS.CategoricalFocalCrossentropy(from_logits=True, **N), ONE_HOT, LOGITS),
    "CATEGORICAL_FOCAL_CROSSENTROPY smoothed": (
        LOSS.CategoricalFocalCrossentropy(alpha=0.6, gamma=3.0, label_smoothing=0.2, from_logits=True, **N),
        ONE_HOT,
        LOGITS,
    ),
    "KL_DIVERGENCE": (LOSS.KLDivergence(**N), SHARES, np.asarray(ops.softmax(ops.convert_to_tensor(LOGITS)))),
    "HINGE": (LOSS.Hinge(**N), BITS, LOGITS),
    "SQUARED_HINGE": (LOSS.SquaredHinge(**N), BITS, LOGITS),
    "CATEGORICAL_HINGE": (LOSS.CategoricalHinge(**N), ONE_HOT, LOGITS),
}

RNG = np.random.default_rng(11)
CLASS_SCORES = RNG.dirichlet(np.ones(7), size=60).round(6)
CLASSES = RNG.integers(0, 7, size=60)
SCORES = RNG.random(50).round(1)
LABELS = RNG.integers(0, 2, size=50)
TARGETS = RNG.normal(50, 10, size=30).round(2)
ESTIMATES = (TARGETS + RNG.normal(0, 4, size=30)).round(2)
WEIGHTS = np.array([1.0, 2.0, 0.5, 3.0])
IMBALANCED = [0, 1, 1, 1, 2, 2, 1, 0]


def main():
    golden = {
        "versions": {"keras": keras.__version__, "jax": jax.__version__, "torch": torch.__version__},
        "parameters": values([VECTOR, MATRIX]),
        "gradients": [values(step) for step in GRADIENTS],
        "optimizers": {
            **{name: trajectory(make) for name, make in OPTIMIZERS.items()},
            "adam over pairs of batches with everything": accumulated(),
        },
        "schedules": {
            **{name: [float(schedule(t)) for t in range(STEPS)] for name, schedule in SCHEDULES.items()},
            **{name: torch_rates(make, steps) for name, (make, steps) in TORCH_SCHEDULES.items()},
            "warmupStableDecay": warmup_stable_decay(lambda s: 1 - s),
            "warmupStableDecay cosine": warmup_stable_decay(lambda s: (1 + math.cos(math.pi * s)) / 2),
            "warmupStableDecay root": warmup_stable_decay(lambda s: 1 - math.sqrt(s)),
        },
        "plateaus": PLATEAUS,
        "logits": LOGITS.ravel().tolist(),
        "losses": {
            name: {"targets": y.ravel().tolist(), "values": np.asarray(loss(y, p)).tolist()}
            for name, (loss, y, p) in LOSSES.items()
        },
        "weightedLoss": {
            "weights": WEIGHTS.tolist(),
            "value": float(
                LOSS.CategoricalCrossentropy(from_logits=True)(ONE_HOT, LOGITS, sample_weight=WEIGHTS)
            ),
        },
        "classification": {
            "predictions": CLASS_SCORES.ravel().tolist(),
            "classes": CLASSES.tolist(),
            **{
                f"TOP_{k}_ACCURACY": float(sk.top_k_accuracy_score(CLASSES, CLASS_SCORES, k=k, labels=range(7)))
                for k in (2, 3, 5)
            },
        },
        "binary": {
            "predictions": SCORES.tolist(),
            "labels": LABELS.tolist(),
            "AUC_PR": float(sk.average_precision_score(LABELS, SCORES)),
        },
        "regression": {
            "predictions": ESTIMATES.tolist(),
            "targets": TARGETS.tolist(),
            "MEAN_ABSOLUTE_PERCENTAGE_ERROR": 100 * float(sk.mean_absolute_percentage_error(TARGETS, ESTIMATES)),
        },
        "balanced": {
            "classes": IMBALANCED,
            "weights": compute_sample_weight("balanced", IMBALANCED).tolist(),
        },
    }
    print(json.dumps(golden, indent=1))


main()

import { registerEnumType } from "type-graphql";
import { enumOf } from "../../entities/enum.js";
import { activations, initializers } from "../../language/layers/layer.js";

export const ActivationEnum = enumOf(activations);
registerEnumType(ActivationEnum, {
  name: "Activation",
  description: "Activation functions, with the names and definitions of Keras 3.",
  valuesConfig: {
    LINEAR: { description: "x: none." },
    RELU: { description: "max(x, 0)." },
    RELU6: { description: "min(max(x, 0), 6)." },
    LEAKY_RELU: { description: "x for x > 0, else 0.2 x." },
    ELU: { description: "x for x > 0, else exp(x) - 1." },
    SELU: { description: "1.0507 times (x for x > 0, else 1.6733 (exp(x) - 1)). Goes with LECUN_NORMAL." },
    CELU: { description: "max(x, 0) + min(exp(x) - 1, 0)." },
    GELU: { description: "x times the normal distribution function of x, exact (no tanh approximation)." },
    SILU: { description: "x sigmoid(x), also called swish." },
    HARD_SILU: { description: "x HARD_SIGMOID(x), also called hard swish." },
    SIGMOID: { description: "1 / (1 + exp(-x))." },
    HARD_SIGMOID: { description: "min(max(x / 6 + 0.5, 0), 1)." },
    LOG_SIGMOID: { description: "log(sigmoid(x))." },
    TANH: { description: "The hyperbolic tangent." },
    HARD_TANH: { description: "min(max(x, -1), 1)." },
    SOFTPLUS: { description: "log(1 + exp(x))." },
    SOFTSIGN: { description: "x / (1 + |x|)." },
    SOFTMAX: { description: "exp(x) over its sum along the last axis: the outputs sum to 1." },
    LOG_SOFTMAX: { description: "The logarithm of SOFTMAX." },
    EXPONENTIAL: { description: "exp(x)." },
    MISH: { description: "x tanh(softplus(x))." },
    HARD_SHRINK: { description: "x where |x| > 0.5, else 0." },
    SOFT_SHRINK: { description: "x - 0.5 for x > 0.5, x + 0.5 for x < -0.5, else 0." },
    TANH_SHRINK: { description: "x - tanh(x)." },
    SPARSE_PLUS: { description: "0 for x <= -1, (x + 1)^2 / 4 up to 1, then x." },
    SPARSE_SIGMOID: { description: "min(max((x + 1) / 2, 0), 1)." },
    SQUAREPLUS: { description: "(x + sqrt(x^2 + 4)) / 2." },
  },
});

export const InitializerEnum = enumOf(initializers);
registerEnumType(InitializerEnum, {
  name: "Initializer",
  description: "How weights begin, with the names and definitions of Keras 3. Random ones follow from the run's seed.",
  valuesConfig: {
    ZEROS: { description: "All 0." },
    ONES: { description: "All 1." },
    CONSTANT: { description: "All `value` (default 0)." },
    GLOROT_UNIFORM: { description: "Uniform within ±sqrt(6 / (fanIn + fanOut)); also called Xavier." },
    GLOROT_NORMAL: { description: "Truncated normal of variance 2 / (fanIn + fanOut)." },
    HE_UNIFORM: { description: "Uniform within ±sqrt(6 / fanIn). Goes with RELU." },
    HE_NORMAL: { description: "Truncated normal of variance 2 / fanIn. Goes with RELU." },
    LECUN_UNIFORM: { description: "Uniform within ±sqrt(3 / fanIn)." },
    LECUN_NORMAL: { description: "Truncated normal of variance 1 / fanIn. Goes with SELU." },
    ORTHOGONAL: { description: "A random orthogonal matrix times `gain` (default 1); kernels only." },
    RANDOM_UNIFORM: { description: "Uniform from `minval` (default -0.05) to `maxval` (default 0.05)." },
    RANDOM_NORMAL: { description: "Normal with `mean` (default 0) and `stddev` (default 0.05)." },
    TRUNCATED_NORMAL: { description: "As RANDOM_NORMAL, redrawn beyond two standard deviations." },
  },
});

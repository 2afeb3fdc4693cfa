import { type ChoiceOf, choices } from "../fields/choices.js";
import type { Findings } from "../fields/findings.js";
import { checked } from "../fields/objects.js";
import { choice } from "../fields/scalars.js";

export const activationChoices = choices(
  "Activation",
  "Activation functions, with the names and definitions of Keras 3.",
  {
    LINEAR: "x: none.",
    RELU: "max(x, 0).",
    RELU6: "min(max(x, 0), 6).",
    LEAKY_RELU: "x for x > 0, else 0.2 x.",
    ELU: "x for x > 0, else exp(x) - 1.",
    SELU: "1.0507 times (x for x > 0, else 1.6733 (exp(x) - 1)). Goes with LECUN_NORMAL.",
    CELU: "max(x, 0) + min(exp(x) - 1, 0).",
    GELU: "x times the normal distribution function of x, exact (no tanh approximation).",
    SILU: "x sigmoid(x), also called swish.",
    HARD_SILU: "x HARD_SIGMOID(x), also called hard swish.",
    SIGMOID: "1 / (1 + exp(-x)).",
    HARD_SIGMOID: "min(max(x / 6 + 0.5, 0), 1).",
    LOG_SIGMOID: "log(sigmoid(x)).",
    TANH: "The hyperbolic tangent.",
    HARD_TANH: "min(max(x, -1), 1).",
    SOFTPLUS: "log(1 + exp(x)).",
    SOFTSIGN: "x / (1 + |x|).",
    SOFTMAX: "exp(x) over its sum along the last axis: the outputs sum to 1.",
    LOG_SOFTMAX: "The logarithm of SOFTMAX.",
    EXPONENTIAL: "exp(x).",
    MISH: "x tanh(softplus(x)).",
    HARD_SHRINK: "x where |x| > 0.5, else 0.",
    SOFT_SHRINK: "x - 0.5 for x > 0.5, x + 0.5 for x < -0.5, else 0.",
    TANH_SHRINK: "x - tanh(x).",
    SPARSE_PLUS: "0 for x <= -1, (x + 1)^2 / 4 up to 1, then x.",
    SPARSE_SIGMOID: "min(max((x + 1) / 2, 0), 1).",
    SQUAREPLUS: "(x + sqrt(x^2 + 4)) / 2.",
  },
);
export type Activation = ChoiceOf<typeof activationChoices>;
export const activations = activationChoices.all;

/** The function that is applied to a layer's outputs. */
export const outputActivation = choice(activationChoices, { default: "LINEAR", doc: "Applied to the outputs." });

/** The same where the field `over` says how many outputs there are. */
export const outputActivationOver = (over: string) =>
  checked(outputActivation, (at, key, activation, beside) => {
    if (beside[over] === 1) checkSoftmax(at, key, activation, 1);
  });

/** Refuses a softmax along an axis of one entry. */
export function checkSoftmax(
  at: Findings,
  key: string | number,
  activation: Activation,
  width: number | undefined,
): void {
  if (width !== 1 || !isSoftmax(activation)) return;
  const always = activation === "SOFTMAX" ? "1" : "0";
  at.add("CONTRADICTION", `${activation} over a single unit is always ${always}: nothing could be learned.`, key);
}

/** A function of single numbers: a recurrent layer does not say which numbers a softmax would sum over. */
export const elementwiseActivation = (fallback: Activation, doc: string) =>
  checked(choice(activationChoices, { default: fallback, doc }), (at, key, activation) => {
    if (!isSoftmax(activation)) return;
    at.add("CONTRADICTION", `must work on each number by itself, which ${activation} does not.`, key);
  });

const isSoftmax = (activation: Activation) => activation === "SOFTMAX" || activation === "LOG_SOFTMAX";

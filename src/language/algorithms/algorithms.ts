import { type Fields, struct, type Union } from "../fields/field.js";
import type { Findings } from "../fields/findings.js";
import { type DeclaredUnion, type ResolvedUnion, readUnion } from "../fields/objects.js";
import { flag, number, readElsewhere } from "../fields/scalars.js";

/** A share of what was before that is kept, or of what is new that is taken. */
const share = (fallback: number, doc: string) => number({ min: 0, below: 1, default: fallback, doc });
const epsilon = (fallback: number, doc: string) => number({ above: 0, default: fallback, doc });
const atLeast0 = (fallback: number, doc: string) => number({ min: 0, default: fallback, doc });

const moments = {
  beta1: share(0.9, "Decay of the mean of gradients."),
  beta2: share(0.999, "Decay of the mean of squared gradients (adamax: of the largest gradient)."),
  epsilon: epsilon(1e-7, "Added to the divisor."),
};
const adamFields = { ...moments, amsgrad: flag({ default: false, doc: "AMSGrad (Reddi et al., 2018)." }) };

/** An update rule: `doc` in one line, and the struct of its options. */
const algorithm = <const F extends Fields>(name: string, doc: string, source: string, fields: F) => ({
  doc,
  input: struct(`${name}Input`, source, fields),
});

/** Names and defaults are those of `keras.optimizers` (Keras 3). */
const algorithms = {
  sgd: algorithm(
    "Sgd",
    "Stochastic gradient descent.",
    "Stochastic gradient descent, with or without momentum (Keras: SGD).",
    {
      momentum: share(0, "Share of the last step that is added to the next."),
      nesterov: flag({ default: false, doc: "Nesterov momentum, which needs a momentum above 0." }),
    },
  ),
  adagrad: algorithm(
    "Adagrad",
    "A rate for each weight, which only falls.",
    "Adagrad (Duchi et al., 2011; Keras: Adagrad).",
    {
      initialAccumulatorValue: atLeast0(0.1, "Initial sum of squared gradients."),
      epsilon: epsilon(1e-7, "Added under the root."),
    },
  ),
  adadelta: algorithm(
    "Adadelta",
    "Adagrad over a window, for a learning rate of 1.",
    "Adadelta (Zeiler, 2012; Keras: Adadelta).",
    {
      rho: share(0.95, "Decay of both mean squares."),
      epsilon: epsilon(1e-7, "Added under both roots."),
    },
  ),
  rmsprop: algorithm(
    "Rmsprop",
    "Gradients over the root of their mean square.",
    "RMSprop (Tieleman and Hinton, 2012; Keras: RMSprop).",
    {
      rho: share(0.9, "Decay of the mean of squared gradients."),
      momentum: share(0, "Momentum of the steps."),
      epsilon: epsilon(1e-7, "Added under the root."),
      centered: flag({
        default: false,
        doc: "Whether to divide by the gradients' variance instead of their mean square.",
      }),
    },
  ),
  adam: algorithm("Adam", "Adam.", "Adam (Kingma and Ba, 2015; Keras: Adam).", adamFields),
  adamw: algorithm(
    "AdamW",
    "Adam with decoupled weight decay.",
    "Adam with decoupled weight decay (Loshchilov and Hutter, 2019; Keras: AdamW).",
    {
      ...adamFields,
      // Resolved with the optimizer's own, which means the same.
      weightDecay: readElsewhere(
        number({
          min: 0,
          otherwise: "the optimizer's `weightDecay`, else 0.004",
          doc: "Share of each weight, times the learning rate, that each update takes off.",
        }),
      ),
    },
  ),
  adamax: algorithm(
    "Adamax",
    "Adam by the largest gradient.",
    "Adam by the largest gradient (Kingma and Ba, 2015; Keras: Adamax).",
    moments,
  ),
  nadam: algorithm(
    "Nadam",
    "Adam with Nesterov momentum.",
    "Adam with Nesterov momentum (Dozat, 2016; Keras: Nadam).",
    moments,
  ),
  ftrl: algorithm(
    "Ftrl",
    "Follow the regularized leader.",
    "Follow the regularized leader (McMahan et al., 2013; Keras: Ftrl), for sparse linear models. The learning rate must not reach 0.",
    {
      learningRatePower: number({
        max: 0,
        default: -0.5,
        doc: "Power of the sum of squared gradients by which the rate falls.",
      }),
      initialAccumulatorValue: epsilon(0.1, "Initial value of that sum."),
      l1RegularizationStrength: atLeast0(0, "L1 penalty, which makes weights exactly 0."),
      l2RegularizationStrength: atLeast0(0, "L2 penalty that stabilizes the steps."),
      l2ShrinkageRegularizationStrength: atLeast0(0, "L2 penalty on the size of weights."),
      beta: atLeast0(0, "Added to the root of that sum."),
    },
  ),
  lion: algorithm(
    "Lion",
    "Steps by the sign of the momentum.",
    "Lion: steps by the sign of the momentum alone (Chen et al., 2023; Keras: Lion).",
    {
      beta1: share(0.9, "Share of the momentum in a step."),
      beta2: share(0.99, "Decay of the momentum."),
    },
  ),
  lamb: algorithm(
    "Lamb",
    "Adam scaled to each tensor's norm.",
    "Adam with steps scaled to each tensor's norm, for large batches (You et al., 2020; Keras: Lamb). Weight decay comes before the scaling.",
    moments,
  ),
  adafactor: algorithm(
    "Adafactor",
    "Adam's adaptivity with little memory.",
    "Adafactor (Shazeer and Stern, 2018; Keras: Adafactor). A step at update t is min(rate, 1 / sqrt(t)) times the weights' root mean square.",
    {
      beta2Decay: number({
        below: 0,
        default: -0.8,
        doc: "Exponent of the decay: at update t the mean squares decay by 1 - t ^ beta2Decay.",
      }),
      epsilon1: epsilon(1e-30, "Added to squared gradients."),
      epsilon2: epsilon(1e-3, "Smallest root mean square of weights that a step is scaled by."),
      clipThreshold: epsilon(1, "Root mean square that steps are clipped to before scaling."),
    },
  ),
} as const;

export const algorithmUnion = {
  name: "AlgorithmInput",
  doc: "An update rule: exactly one of these, such as `{adam: {}}`.",
  alternatives: algorithms,
} satisfies Union;

/** Exactly one key is set. */
export type AlgorithmDeclaration = DeclaredUnion<typeof algorithms>;
export type Algorithm = ResolvedUnion<typeof algorithms>;
export type AlgorithmType = Algorithm["type"];

export const algorithmTypes = Object.keys(algorithms) as AlgorithmType[];

/** Rules across the fields of an algorithm. */
const rules: { [Type in AlgorithmType]?: (at: Findings, resolved: Extract<Algorithm, { type: Type }>) => void } = {
  sgd(at, { nesterov, momentum }) {
    if (nesterov && momentum === 0) at.add("CONTRADICTION", "Nesterov momentum needs a momentum above 0.", "nesterov");
  },
};

/** The algorithm with Keras 3's defaults; undefined (and a problem) unless exactly one is declared. */
export function resolveAlgorithm(findings: Findings, declared: AlgorithmDeclaration): Algorithm | undefined {
  const given = readUnion(findings, "algorithm", algorithmUnion, declared);
  if (given === undefined) return undefined;
  const rule = rules[given.type] as ((at: Findings, resolved: Algorithm) => void) | undefined;
  rule?.(given.at, given.resolved);
  return given.resolved;
}

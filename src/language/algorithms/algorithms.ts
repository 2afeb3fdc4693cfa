import { type Fields, struct, type Union } from "../fields/field.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { list } from "../fields/lists.js";
import { type DeclaredUnion, type ResolvedUnion, readUnion } from "../fields/objects.js";
import { flag, integer, number, readElsewhere, text } from "../fields/scalars.js";
import { listed } from "../fields/wording.js";

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

/** What an optimizer of this algorithm has unless declared; else 0.001 and no weight decay. */
interface OptimizerDefaults {
  learningRate?: number;
  weightDecay?: number;
}

/** An update rule: `doc` in one line, and the struct of its options. */
const algorithm = <const F extends Fields>(
  name: string,
  doc: string,
  source: string,
  fields: F,
  defaults: OptimizerDefaults = {},
) => ({ doc, input: struct(`${name}Input`, source, fields), defaults });

/** AdamW has a field of its own for what every optimizer may have. */
export const adamwDecay = number({
  min: 0,
  otherwise: "the optimizer's `weightDecay`",
  doc: "Share of each weight, times the learning rate, that each update takes off.",
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
    { learningRate: 0.01 },
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
    { ...adamFields, weightDecay: readElsewhere(adamwDecay) },
    { weightDecay: 0.004 },
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
  muon: algorithm(
    "Muon",
    "Orthogonal steps for matrices, Adam for the rest.",
    "Muon (Jordan et al., 2024; Keras: Muon): momentum made orthogonal for matrices. Everything else, embeddings and excluded layers take Adam's step.",
    {
      momentum: share(0.95, "Share of the momentum that a step keeps."),
      nesterov: flag({ default: true, doc: "Nesterov momentum." }),
      nsSteps: integer({ min: 1, max: 20, default: 5, doc: "Newton-Schulz steps." }),
      muonA: number({ default: 3.4445, doc: "Coefficient of x in a Newton-Schulz step." }),
      muonB: number({ default: -4.775, doc: "Coefficient of x xᵀ x." }),
      muonC: number({ default: 2.0315, doc: "Coefficient of x xᵀ x xᵀ x." }),
      rmsRate: atLeast0(
        0.2,
        "Root mean square of a step at rate 1, by which Adam's rates suit matrices too (Liu et al., 2025). 0 leaves steps unscaled.",
      ),
      excludeEmbeddings: flag({ default: true, doc: "Whether embeddings take Adam's step." }),
      excludeLayers: list(text({ min: 1, max: limits.nameLength, doc: "Name of a layer." }), {
        max: limits.layers,
        default: ["output"],
        doc: "Names of layers, nested ones too, whose matrices take Adam's step. The last layer is `output`.",
      }),
      adamBeta1: share(0.9, "Adam's decay of the mean of gradients."),
      adamBeta2: share(0.999, "Adam's decay of the mean of squared gradients."),
      adamLrRatio: atLeast0(1, "Factor of the learning rate in Adam's steps."),
      epsilon: epsilon(1e-7, "Added to Adam's divisor."),
    },
    { weightDecay: 0.004 },
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
export type AlgorithmOf<Type extends AlgorithmType> = Extract<Algorithm, { type: Type }>;

/** The learning rate, or the weight decay, of an optimizer of that algorithm that declares none. */
export function optimizerDefault(of: keyof OptimizerDefaults, type: AlgorithmType | undefined): number {
  const defaults: OptimizerDefaults = type === undefined ? {} : algorithms[type].defaults;
  return defaults[of] ?? { learningRate: 0.001, weightDecay: 0 }[of];
}

/** Such as `0.001; for sgd 0.01`. */
export function optimizerDefaultWords(of: keyof OptimizerDefaults): string {
  const types = new Map<number, AlgorithmType[]>();
  for (const type of algorithmTypes) {
    const value = optimizerDefault(of, type);
    types.set(value, [...(types.get(value) ?? []), type]);
  }
  const common = optimizerDefault(of, undefined);
  types.delete(common);
  return [`${common}`, ...[...types].map(([value, names]) => `for ${listed(names)} ${value}`)].join("; ");
}

export const algorithmTypes = Object.keys(algorithms) as AlgorithmType[];

/** Rules across the fields of an algorithm. */
const rules: { [Type in AlgorithmType]?: (at: Findings, resolved: AlgorithmOf<Type>) => void } = {
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

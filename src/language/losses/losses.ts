import { describedType, type OutputForm, type TargetType } from "../datasets/feature-types.js";
import { choices } from "../fields/choices.js";
import type { Fields } from "../fields/field.js";
import { limits } from "../fields/limits.js";
import { list } from "../fields/lists.js";
import { checked } from "../fields/objects.js";
import { choice, number } from "../fields/scalars.js";
import { type DeclaredOptions, type ResolvedVariant, variantStruct } from "../fields/variants.js";
import { listed, shown } from "../fields/wording.js";

/** What the numbers of a target must be. DISTRIBUTION: at least 0, with the sum 1. LABELS: from 0 to 1. */
export type TargetDomain = "NOT_NEGATIVE" | "POSITIVE" | "DISTRIBUTION" | "LABELS";

interface LossDescription<F extends Fields> {
  doc: string;
  /** The targets that it fits. */
  targets: readonly TargetType[];
  fields: F;
  /** Of NUMBER and VECTOR targets, where it differs from what their type asks for. */
  output?: OutputForm;
  /** What it needs of the target's numbers; default: that they are finite. */
  domain?: TargetDomain;
  /** The fewest outputs that it has a meaning for; default 1. */
  leastWidth?: number;
}

const loss = <const F extends Fields = Record<never, never>>(
  doc: string,
  targets: readonly TargetType[],
  rest: Omit<LossDescription<F>, "doc" | "targets" | "fields"> & { fields?: F } = {},
): LossDescription<F> => ({ doc, targets, ...rest, fields: rest.fields ?? ({} as F) });

const numbers = ["NUMBER", "VECTOR"] as const;
/** About a rate or a positive size: the network puts out its logarithm. */
const positive: OutputForm = { activation: "EXPONENTIAL", scaling: "NONE" };

const labelSmoothing = number({
  min: 0,
  below: 1,
  default: 0,
  doc: "Share of a label that is spread over all classes.",
});
const quantiles = checked(
  list(number({ above: 0, below: 1, doc: "A quantile." }), {
    min: 1,
    max: limits.quantiles,
    default: [0.1, 0.5, 0.9],
    doc: `The quantiles that are predicted, rising. At most ${limits.quantiles} of them.`,
  }),
  (at, key, declared) => {
    declared.forEach((quantile, index) => {
      const before = declared[index - 1] ?? 0;
      if (quantile > 0 && quantile < 1 && quantile <= before && before < 1)
        at.at(key).add("OUT_OF_RANGE", `must be above the quantile before, got ${shown(quantile)}.`, index);
    });
  },
);
const gamma = number({ min: 0, default: 2, doc: "How little an example counts that is predicted well (focusing)." });

/** Losses, with the names and definitions of Keras 3. The first that fits a target is its default. */
const descriptions = {
  MEAN_SQUARED_ERROR: loss("The mean of squared errors.", numbers),
  MEAN_ABSOLUTE_ERROR: loss("The mean of absolute errors, less moved by outliers.", numbers),
  MEAN_ABSOLUTE_PERCENTAGE_ERROR: loss("100 |error| / |target|, for targets above 0.", numbers, {
    output: positive,
    domain: "POSITIVE",
  }),
  MEAN_SQUARED_LOGARITHMIC_ERROR: loss("Squared error of log(1 + target), for targets of at least 0.", numbers, {
    output: positive,
    domain: "NOT_NEGATIVE",
  }),
  HUBER: loss("Squared below `delta`, linear above.", numbers, {
    fields: { delta: number({ above: 0, default: 1, doc: "Error from which on the loss is linear." }) },
  }),
  LOG_COSH: loss("log(cosh(error)), a smooth HUBER.", numbers),
  PINBALL: loss(
    "Quantile regression: error times the quantile above the prediction, times 1 - quantile below (Koenker and Bassett, 1978; scikit-learn: mean_pinball_loss).",
    ["NUMBER"],
    { fields: { quantiles } },
  ),
  POISSON: loss("rate - target log(rate), for counts: targets of at least 0.", numbers, {
    output: positive,
    domain: "NOT_NEGATIVE",
  }),
  BINARY_CROSSENTROPY: loss(
    "-log(probability of what is true); of LABELS the mean over the labels.",
    ["BINARY", "LABELS"],
    { fields: { labelSmoothing } },
  ),
  BINARY_FOCAL_CROSSENTROPY: loss(
    "BINARY_CROSSENTROPY in which examples predicted well count less (Lin et al., 2017).",
    ["BINARY", "LABELS"],
    {
      fields: {
        alpha: number({
          above: 0,
          below: 1,
          otherwise: "both 1",
          doc: "Weight of true; false has 1 - alpha.",
        }),
        gamma,
        labelSmoothing,
      },
    },
  ),
  CATEGORICAL_CROSSENTROPY: loss("-log(probability of the category).", ["CATEGORY"], { fields: { labelSmoothing } }),
  CATEGORICAL_FOCAL_CROSSENTROPY: loss(
    "CATEGORICAL_CROSSENTROPY in which examples predicted well count less (Lin et al., 2017).",
    ["CATEGORY"],
    { fields: { alpha: number({ above: 0, default: 0.25, doc: "Factor of the loss." }), gamma, labelSmoothing } },
  ),
  HINGE: loss(
    "max(1 - margin, 0); the margin is the output before its activation. `probability` is then a score, above 0.5 for true, not calibrated.",
    ["BINARY"],
  ),
  SQUARED_HINGE: loss("HINGE squared.", ["BINARY"]),
  CATEGORICAL_HINGE: loss("max(1 + max(largest wrong output, 0) - right output, 0); see HINGE.", ["CATEGORY"]),
  KL_DIVERGENCE: loss(
    "Kullback-Leibler divergence. A VECTOR target must be a distribution: numbers of at least 0 whose sum is 1.",
    ["CATEGORY", "VECTOR"],
    { output: { activation: "SOFTMAX", scaling: "NONE" }, domain: "DISTRIBUTION", leastWidth: 2 },
  ),
  TVERSKY: loss(
    "1 - hits / (hits + alpha false positives + beta false negatives), summed over a row's outputs (Salehi et al., 2017; Keras: Tversky). A VECTOR holds labels from 0 to 1.",
    ["CATEGORY", "VECTOR"],
    {
      fields: {
        alpha: number({ min: 0, default: 0.5, doc: "Weight of false positives." }),
        beta: number({ min: 0, default: 0.5, doc: "Weight of false negatives." }),
      },
      output: { activation: "SIGMOID", scaling: "NONE" },
      domain: "LABELS",
    },
  ),
} as const;

export type LossType = keyof typeof descriptions;
type LossFields = { [Type in LossType]: (typeof descriptions)[Type]["fields"] };

export const lossDescriptions: Readonly<Record<LossType, LossDescription<Fields>>> = descriptions;
export const lossFields = Object.fromEntries(
  Object.entries(descriptions).map(([type, { fields }]) => [type, fields]),
) as LossFields;

/** The losses that fit a target; the first is its default. */
export function lossesFor(target: TargetType): LossType[] {
  return losses.filter((type) => lossDescriptions[type].targets.includes(target));
}

export const losses = Object.keys(descriptions) as LossType[];

const meanings = Object.fromEntries(
  losses.map((type) => {
    const { doc, targets, output } = lossDescriptions[type];
    const form = output && listed(targets.filter((target) => describedType(target).target?.classes === undefined));
    const activation = output ? ` Output activation for ${form}: ${output.activation}.` : "";
    const preferred = targets.filter((target) => lossesFor(target)[0] === type);
    const fits = preferred.length > 0 ? `Default of ${listed(preferred)} targets.` : `For ${listed(targets)} targets.`;
    return [type, `${doc} ${fits}${activation}`];
  }),
) as Record<LossType, string>;

export const lossChoices = choices("LossType", "Loss functions, with the names and definitions of Keras 3.", meanings);

export type LossDeclaration = { type: LossType } & DeclaredOptions<LossFields>;
export type Loss = ResolvedVariant<LossFields>;

export const lossStruct = variantStruct(
  {
    name: "LossInput",
    doc: "A loss function and its options.",
    type: choice(lossChoices, { doc: "A loss that fits the target's type." }),
    choices: lossChoices,
  },
  lossFields,
);

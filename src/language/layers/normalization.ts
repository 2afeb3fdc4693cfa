import { struct } from "../fields/field.js";
import { readInteger } from "../fields/fields.js";
import { limits } from "../fields/limits.js";
import { readBy } from "../fields/objects.js";
import { flag, number } from "../fields/scalars.js";
import { layer, named, type Shapes } from "./description.js";
import { type Parameter, trained } from "./parameter.js";
import { noPenalty, type Regularizer, regularizer } from "./weights.js";

const common = {
  center: flag({ default: true, doc: "Whether an offset (beta) is learned." }),
  scale: flag({ default: true, doc: "Whether a factor (gamma) is learned." }),
  epsilon: number({ above: 0, default: 1e-3, doc: "Added to the variance, so that nothing is divided by 0." }),
  betaRegularizer: regularizer("the offset", "center"),
  gammaRegularizer: regularizer("the factor", "scale"),
};

interface Normalization extends Shapes {
  center: boolean;
  scale: boolean;
  betaRegularizer: Regularizer;
  gammaRegularizer: Regularizer;
}

/** `gamma` and `beta` [channels], as far as they are learned. */
function parameters({ inputShape, center, scale, gammaRegularizer, betaRegularizer }: Normalization): Parameter[] {
  const shape = [inputShape.at(-1) ?? 1];
  return [
    ...(scale ? [trained("gamma", shape, { type: "ONES" }, gammaRegularizer, "NORMALIZATION")] : []),
    ...(center ? [trained("beta", shape, { type: "ZEROS" }, betaRegularizer, "NORMALIZATION")] : []),
  ];
}

/** A statistic of each channel, which follows the batches without a gradient. */
function moving(name: string, { inputShape }: Shapes, type: "ZEROS" | "ONES"): Parameter {
  const shape = [inputShape.at(-1) ?? 1];
  return { name, shape, trainable: false, initializer: { type }, regularizer: noPenalty };
}

/** -1 stays what it is until the channels are known. */
const groups = readBy<number, number, false>(
  {
    doc: "Count of groups, a divisor of the channels. -1 is one group per channel.",
    takes: { type: "INTEGER", rule: { min: 1, max: limits.units }, or: -1 },
    required: false,
    absent: { value: 32 },
  },
  (at, key, value) => (value === -1 ? -1 : readInteger(at, key, value, 1, 32, limits.units)),
);

export const normalizations = {
  batchNormalization: layer({
    doc: "Normalizes over the batch.",
    input: struct(
      "BatchNormalizationInput",
      "Normalizes each feature over the batch while training, and by moving averages otherwise (Keras: BatchNormalization).",
      {
        ...named,
        momentum: number({
          min: 0,
          below: 1,
          default: 0.99,
          doc: "Share of the moving averages that is kept at each step.",
        }),
        ...common,
      },
    ),
    parameters: (layer) => [
      ...parameters(layer),
      moving("moving_mean", layer, "ZEROS"),
      moving("moving_variance", layer, "ONES"),
    ],
  }),
  layerNormalization: layer({
    doc: "Normalizes over each row.",
    input: struct("LayerNormalizationInput", "Normalizes each row over its last axis (Keras: LayerNormalization).", {
      ...named,
      ...common,
    }),
    parameters,
  }),
  rmsNormalization: layer({
    doc: "Scales each row to a root mean square of 1.",
    input: struct(
      "RmsNormalizationInput",
      "Divides each row by its root mean square over the last axis and multiplies it by learned factors, one per feature (Keras: RMSNormalization).",
      {
        ...named,
        epsilon: number({
          above: 0,
          default: 1e-6,
          doc: "Added to the mean square, so that nothing is divided by 0.",
        }),
      },
    ),
    parameters: ({ inputShape }) => [
      trained("scale", inputShape.slice(-1), { type: "ONES" }, noPenalty, "NORMALIZATION"),
    ],
  }),
  groupNormalization: layer({
    doc: "Normalizes over groups of channels.",
    input: struct(
      "GroupNormalizationInput",
      "Normalizes each row over all positions and the channels of one group (Keras: GroupNormalization).",
      { ...named, ...common, groups },
    ),
    resolve(fields, { at, input }) {
      const channels = input?.at(-1);
      if (channels === undefined) return { outputShape: input };
      const groups = fields.groups === -1 ? channels : fields.groups;
      if (channels % groups !== 0) {
        const message = `must divide the ${channels} channels of the input, and ${groups} does not (-1: one group a channel).`;
        at.add("CONTRADICTION", message, "groups");
      }
      return { outputShape: input, body: { ...fields, groups } };
    },
    parameters,
  }),
};

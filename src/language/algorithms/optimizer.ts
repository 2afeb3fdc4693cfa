import { declarationFields } from "../fields/declaration.js";
import { type DeclaredFields, type ResolvedFields, struct } from "../fields/field.js";
import { list } from "../fields/lists.js";
import { object } from "../fields/objects.js";
import { choice, described, integer, number } from "../fields/scalars.js";
import { type ParameterKind, parameterKindChoices } from "../layers/parameter.js";
import { type LearningRateDeclaration, type Schedule, scheduleUnion } from "../schedules/schedules.js";
import { type Algorithm, type AlgorithmDeclaration, algorithmUnion, optimizerDefaultWords } from "./algorithms.js";

export type { Algorithm, AlgorithmDeclaration } from "./algorithms.js";

/** The fields that are read with others; see `resolve-optimizer.ts`. */
const related = {
  algorithm: described<AlgorithmDeclaration>(
    { type: "ONE_OF", union: () => algorithmUnion },
    { doc: "The update rule. Defaults of its options are those of Keras 3." },
  ),
  learningRate: described<LearningRateDeclaration, { doc: string; otherwise: string }>(
    { type: "ONE_OF", union: () => scheduleUnion },
    { doc: "Learning rate of each batch.", otherwise: `constant, ${optimizerDefaultWords("learningRate")}` },
  ),
};

/** Each is read by itself: null where it is absent. */
export const decayFields = {
  weightDecay: number({
    min: 0,
    otherwise: optimizerDefaultWords("weightDecay"),
    doc: "Decoupled weight decay: share of each weight, times the learning rate, that is taken off before each update.",
  }),
};
export const exclusion = list(choice(parameterKindChoices, { doc: "A kind of parameter." }), {
  max: parameterKindChoices.all.length,
  otherwise: "none, every parameter decays",
  doc: "Kinds of parameters that weight decay leaves out, often `[BIAS, NORMALIZATION]` (Keras: exclude_from_weight_decay). Needs a weight decay.",
});
export const clippingFields = {
  clipNorm: number({
    above: 0,
    otherwise: "none",
    doc: "Scales each gradient by itself down to at most this L2 norm.",
  }),
  globalClipNorm: number({
    above: 0,
    otherwise: "none",
    doc: "Scales all gradients together down to at most this L2 norm.",
  }),
  clipValue: number({ above: 0, otherwise: "none", doc: "Bounds each element of each gradient to ± this value." }),
};

const movingAverage = struct(
  "MovingAverageInput",
  "An exponential moving average of the weights. Evaluation uses it, and the trained version gets it in place of the last weights.",
  { momentum: number({ min: 0, below: 1, default: 0.99, doc: "Share of the average that an update keeps." }) },
);

/** How updates are made and averaged. */
export const updateFields = {
  ema: object(movingAverage, { doc: "Average of the weights.", otherwise: "none" }),
  gradientAccumulationSteps: integer({
    min: 1,
    default: 1,
    doc: "Batches whose gradients make one update, as if they were one batch. An epoch ends with an update of what has been accumulated. Schedules count batches, as in Keras.",
  }),
};

export const optimizerStruct = struct(
  "DeclareOptimizerInput",
  "Declares an optimizer: algorithm, learning rate, weight decay and clipping. At most one of the three clippings may be given, as in Keras.",
  {
    ...declarationFields,
    ...related,
    ...decayFields,
    weightDecayExclude: exclusion,
    ...clippingFields,
    ...updateFields,
  },
);

export type OptimizerDeclaration = DeclaredFields<typeof optimizerStruct.fields>;

/** NORM clips each gradient tensor by its own L2 norm, GLOBAL_NORM all together, VALUE each element. */
export type Clipping = { type: "NONE" } | { type: "NORM" | "GLOBAL_NORM" | "VALUE"; limit: number };

/** How gradients become updates: in the order accumulate, clip, decay the weights, update by the algorithm, average. */
export interface OptimizerSpec extends ResolvedFields<typeof updateFields> {
  algorithm: Algorithm;
  learningRate: Schedule;
  /** Each parameter is multiplied by `1 - learning rate * weightDecay` before its update. */
  weightDecay: number;
  /** Kinds of parameters that are not, each once, in the order of `parameterKinds`; left out where it is none. */
  weightDecayExclude?: ParameterKind[];
  clipping: Clipping;
}

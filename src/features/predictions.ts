import { classesOf } from "../language/datasets/feature-types.js";
import type { ModelSpec } from "../language/models/model.js";
import { type ClassTarget, positiveClass } from "../language/models/positive.js";
import type { Prediction } from "../language/models/prediction.js";
import { decodeOutputs, type FittedPreprocessing } from "./preprocessing.js";
import { codecs } from "./types/codecs.js";
import { type ClassRule, trueAbove } from "./values/classes.js";

export { type ClassRule, classOf, trueAbove } from "./values/classes.js";

/** How a version tells two classes apart; undefined where the most probable one is predicted. */
export function classRule(
  { target, ...declared }: Pick<ModelSpec, "target" | "threshold">,
  fitted: Pick<FittedPreprocessing, "decision">,
): ClassRule | undefined {
  const threshold = effectiveThreshold(target, declared, fitted);
  const positive = positiveClass(target);
  return threshold === undefined || positive === undefined ? undefined : { positive, threshold };
}

/** Above which probability the positive class is predicted; undefined where the most probable class is. */
export function effectiveThreshold(
  target: ClassTarget,
  { threshold }: Pick<ModelSpec, "threshold">,
  { decision }: Pick<FittedPreprocessing, "decision">,
): number | undefined {
  if (decision?.threshold !== undefined) return decision.threshold;
  if (threshold?.type === "value") return threshold.value;
  // A single output is above it or not.
  return classesOf(target) && target.categories.length === 0 ? trueAbove : undefined;
}

/**
 * The predictions that the network's outputs for `n` rows mean (n × `target.width`; probabilities for a target with
 * classes). Null where an output is not finite: the row's inputs are too large for the model.
 *
 * @param most of how many classes the probabilities are listed, where there are more than `allListed`: of the most probable.
 */
export function toPredictions(
  model: ModelSpec,
  fitted: FittedPreprocessing,
  outputs: Float32Array,
  n: number,
  most?: number,
): (Prediction | null)[] {
  const decoded = decodeOutputs(model, fitted, outputs, n);
  const { target } = model;
  const { width } = target;
  const codec = codecs[target.type];
  const rule = classRule(model, fitted);
  return Array.from({ length: n }, (_, row) => {
    for (let place = row * width; place < (row + 1) * width; place++) if (!Number.isFinite(decoded[place])) return null;
    return codec.decode(target, decoded, row * width, most, rule);
  });
}

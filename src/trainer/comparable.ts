import { canonicalJson } from "../language/fields/canonical.js";
import { type ModelTarget, trainedPart } from "../language/models/model.js";
import type { TrainedVersion } from "./protocol.js";

/** Metrics of the same target can be compared between any two models; a loss only between models that declare it alike. */
export function areComparable(
  metric: string,
  a: Pick<TrainedVersion, "model" | "preprocessing">,
  b: Pick<TrainedVersion, "model" | "preprocessing">,
): boolean {
  const same = (x: unknown, y: unknown) => canonicalJson(x) === canonicalJson(y);
  if (metric !== "loss") {
    const known = (target: ModelTarget) => ({ ...target, categories: [], width: 0 });
    return shareCodes(a.model.target, b.model.target) && same(known(a.model.target), known(b.model.target));
  }
  return same(trainedPart(a.model), trainedPart(b.model)) && same(a.preprocessing.target, b.preprocessing.target);
}

/** Whether equal codes mean equal categories: a dataset's list only grows, so that an older one is the beginning of a newer. */
function shareCodes(a: ModelTarget, b: ModelTarget): boolean {
  const [shorter, longer] = a.categories.length <= b.categories.length ? [a, b] : [b, a];
  if (shorter.categories.length === 0) return a.width === b.width;
  return shorter.categories.every((category, code) => category === longer.categories[code]);
}

import { canonicalJson } from "../language/fields/canonical.js";
import { withoutRowPolicy } from "../language/models/model.js";
import type { TrainedVersion } from "./protocol.js";

/** Metrics of the same target can be compared between any two models; a loss only between models that declare it alike. */
export function areComparable(
  metric: string,
  a: Pick<TrainedVersion, "model" | "preprocessing">,
  b: Pick<TrainedVersion, "model" | "preprocessing">,
): boolean {
  const same = (x: unknown, y: unknown) => canonicalJson(x) === canonicalJson(y);
  if (metric !== "loss") return same(a.model.target, b.model.target);
  return (
    same(withoutRowPolicy(a.model), withoutRowPolicy(b.model)) && same(a.preprocessing.target, b.preprocessing.target)
  );
}

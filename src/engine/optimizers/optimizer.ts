import type { Algorithm } from "../../spec/optimizer.js";
import { adam } from "./adam.js";
import { sgd } from "./sgd.js";
import type { UpdateRule } from "./update-rule.js";

/** The update rule of a resolved algorithm. */
export function updateRule(algorithm: Algorithm): UpdateRule {
  return algorithm.type === "sgd" ? sgd(algorithm) : adam(algorithm);
}

import { PlatformError } from "../../errors.js";
import { targetDomain } from "../../features/target-domain.js";
import type { ModelSpec } from "../../language/models/model.js";

/**
 * Refuses targets for which a loss has no meaning, and would only drift or diverge. A trainer leaves such rows out or
 * refuses them before it begins; this guards everybody else.
 * @param y [count, width], row-major, as the network should put them out.
 * @throws PlatformError BAD_INPUT that names the target and the row within `y`.
 */
export function checkTargets({ loss, target }: Pick<ModelSpec, "loss" | "target">, y: Float32Array): void {
  const faultOf = targetDomain(loss.type);
  if (!faultOf) return;
  for (let start = 0; start < y.length; start += target.width) {
    const fault = faultOf(y.subarray(start, start + target.width));
    if (!fault) continue;
    const { value, rule } = fault;
    const row = start / target.width;
    throw new PlatformError(
      "BAD_INPUT",
      `The target "${target.feature}" must ${rule}, and row ${row} of those given has ${value}.`,
    );
  }
}

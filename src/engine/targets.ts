import { PlatformError } from "../errors.js";
import type { ModelSpec } from "../spec/model.js";

/** How far from 1 the sum of a distribution may be. */
const tolerance = 1e-3;

/**
 * Refuses targets for which a loss has no meaning, and would only drift or diverge.
 * @param y [count, width], row-major, as the network should put them out.
 * @throws PlatformError BAD_INPUT that names the target and the row.
 */
export function checkTargets({ loss, target }: Pick<ModelSpec, "loss" | "target">, y: Float32Array): void {
  const refuse = (index: number, rule: string) => {
    const row = Math.floor(index / target.width);
    const message = `The target "${target.feature}" must ${rule} for ${loss.type}, and row ${row} has ${y[index]}.`;
    throw new PlatformError("BAD_INPUT", message);
  };
  switch (loss.type) {
    case "POISSON":
    case "MEAN_SQUARED_LOGARITHMIC_ERROR": {
      const negative = y.findIndex((value) => value < 0);
      if (negative >= 0) refuse(negative, "be 0 or more");
      return;
    }
    case "MEAN_ABSOLUTE_PERCENTAGE_ERROR": {
      const wrong = y.findIndex((value) => value <= 0);
      if (wrong >= 0) refuse(wrong, "be above 0");
      return;
    }
    case "KL_DIVERGENCE":
      for (let start = 0; start < y.length; start += target.width) {
        let sum = 0;
        for (let index = start; index < start + target.width; index++) {
          if ((y[index] as number) < 0) refuse(index, "be a distribution");
          sum += y[index] as number;
        }
        if (Math.abs(sum - 1) > tolerance) refuse(start, `sum to 1, not ${sum},`);
      }
      return;
    default:
      return;
  }
}

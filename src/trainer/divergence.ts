import { modelParameters } from "../engine/layers/parameters.js";
import type { TrainingProgram } from "../engine/programs/training-program.js";
import { PlatformError } from "../errors.js";
import type { ModelSpec } from "../language/models/model.js";
import type { NamedValue } from "./evaluation.js";
import { firstNonFinite } from "./store-checkpoint.js";

/**
 * Reading every weight takes up to a fifth of the time of a step, so weights are checked at the end of an epoch only this
 * many steps after the last check. A saved checkpoint is checked as well, on the thread that stores it.
 */
const stepsPerCheck = 64;

/** The error of a training whose numbers are no longer finite. */
export function diverged(name: string, value: number, step: number): PlatformError {
  return new PlatformError(
    "DIVERGED",
    `${name} became ${value} at step ${step}; a smaller learning rate or clipping may help`,
  );
}

/**
 * A loss that is not finite, unless it is undefined (`undefinedReason`). Metrics may be NaN at any time.
 *
 * @throws PlatformError DIVERGED
 */
export function assertFiniteLosses(values: readonly NamedValue[], step: number): void {
  const broken = values.find(
    ({ name, value, undefinedReason }) =>
      name.endsWith("loss") && !Number.isFinite(value) && undefinedReason === undefined,
  );
  if (broken) throw diverged(broken.name, broken.value, step);
}

/**
 * Checks a model's parameters. The loss of a step is computed before the update that ruins the weights, and it stays
 * finite for longer where it does not use them.
 */
export interface WeightCheck {
  /** @throws PlatformError DIVERGED */
  check(step: number): Promise<void>;
  /** `check`, unless the last one was less than `stepsPerCheck` steps ago. @throws PlatformError DIVERGED */
  checkAtIntervals(step: number): Promise<void>;
}

export function createWeightCheck(model: ModelSpec, program: Pick<TrainingProgram, "peek">): WeightCheck {
  const names = modelParameters(model).map(({ name }) => name);
  let checkedAt = Number.NEGATIVE_INFINITY;
  const check = async (step: number) => {
    checkedAt = step;
    for (const [name, values] of Object.entries(await program.peek(names))) {
      const broken = firstNonFinite(values);
      if (broken !== undefined) throw diverged(name, broken, step);
    }
  };
  return {
    check,
    async checkAtIntervals(step) {
      if (step - checkedAt >= stepsPerCheck) await check(step);
    },
  };
}

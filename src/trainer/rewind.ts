import { type Environment, environmentDifferences } from "../language/training/environment.js";
import type { BatchOrder } from "./batch-order.js";
import type { TrainingPosition } from "./checkpoint.js";
import type { Assignment, FromTrainer } from "./protocol.js";

/** Where an attempt begins. */
export interface Beginning {
  /** Completed steps. */
  step: number;
  /** `seq` of the last metric point up to this step; 0 at the beginning of a run. */
  seq: number;
  /** What computed the steps up to here, and the points stored after it; undefined where that is not known. */
  environments: readonly (Environment | null | undefined)[];
}

/** @param start the checkpoint that the attempt resumes; null where it begins with the first step. */
export function beginningOf(
  start: TrainingPosition | null,
  { stepsPerEpoch }: Pick<BatchOrder, "stepsPerEpoch">,
  measured: Pick<Assignment["measured"], "environment">,
): Beginning {
  const step = start ? start.epoch * stepsPerEpoch + start.stepInEpoch : 0;
  return { step, seq: start?.seq ?? 0, environments: [start?.environment, measured.environment] };
}

/**
 * The number of the last metric point before the first one of this attempt.
 *
 * An attempt in the same environment repeats the points of the steps that it repeats, number by number, and stored ones are
 * dropped as known. An attempt in another environment, or after an attempt in another one, computes other values: its
 * points are numbered after all stored points, and a REWIND tells subscribers from which step on they replace older ones.
 */
export function numberedFrom(
  measured: Pick<Assignment["measured"], "head" | "rewoundAt">,
  { step, seq, environments }: Beginning,
  environment: Environment,
  send: (message: FromTrainer) => void,
): number {
  const differs = environments.some((other) => other && environmentDifferences(other, environment).length > 0);
  // Stored points after `seq` that came before the newest rewind belong to steps of an older numbering.
  if (measured.rewoundAt <= seq && !(differs && measured.head > seq)) return seq;
  send({ type: "REWIND", seq: measured.head + 1, toStep: step });
  return measured.head;
}

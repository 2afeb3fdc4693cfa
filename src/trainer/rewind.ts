import { type Environment, environmentDifferences } from "../language/training/environment.js";
import type { Assignment, FromTrainer } from "./protocol.js";

/** Where an attempt begins. */
export interface Beginning {
  step: number;
  /** `seq` of the last point made before; 0 at the beginning of a run. */
  seq: number;
  /** What computed the steps up to here, and the points stored behind it; undefined where nobody noted it. */
  environments: readonly (Environment | null | undefined)[];
}

/**
 * The number of the last point before the first that the attempt makes. An attempt that repeats steps by the same means
 * repeats their points too, number by number, and they are dropped as known. One that computes otherwise, or comes after
 * one that did, has other values to tell: its points are numbered behind all that are stored, and a REWIND says so first.
 */
export function numberedFrom(
  measured: Pick<Assignment["measured"], "head" | "rewoundAt">,
  beginning: Beginning,
  environment: Environment,
  send: (message: FromTrainer) => void,
): number {
  const { step, seq } = beginning;
  const differs = beginning.environments.some(
    (other) => other && environmentDifferences(other, environment).length > 0,
  );
  // Numbers before the newest rewind and behind where this attempt begins no longer belong to the same steps.
  if (measured.rewoundAt <= seq && !(differs && measured.head > seq)) return seq;
  send({ type: "REWIND", seq: measured.head + 1, toStep: step });
  return measured.head;
}

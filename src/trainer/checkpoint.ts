import { createHash } from "node:crypto";
import type { State } from "../engine/executor.js";
import { decodeSafetensors, encodeSafetensors } from "../engine/safetensors.js";
import { PlatformError } from "../errors.js";
import { checkpointKey } from "../storage/keys.js";
import type { EarlyStoppingState } from "./early-stopping.js";
import type { NamedValue } from "./evaluation.js";
import type { PlateauState } from "./plateau.js";
import type { Assignment, CheckpointObject } from "./protocol.js";
import type { Store } from "./store.js";

/**
 * Where a training stands between two steps: with the assignment, all that is needed to go on as if nothing had
 * happened. Random numbers and the order of the data need no place here: they follow from the seed and the step.
 */
export interface TrainingPosition {
  /** Parameters, moving statistics and optimizer slots. */
  state: State;
  /** Epochs completed, and steps done in the one underway. */
  epoch: number;
  stepInEpoch: number;
  /** `seq` of the last metric point made. */
  seq: number;
  /** Losses and outputs of the epoch underway, for its metrics. */
  epochLosses: number[];
  epochOutputs: Float32Array;
  earlyStopping: EarlyStoppingState;
  /** Of a learning rate that depends on measurements; else null. */
  plateau: PlateauState | null;
  /** Parameters of the best epoch (and their moving averages), while early stopping may restore them. */
  bestParameters: State | null;
  /** Measurements of the last complete epoch. */
  lastValues: NamedValue[];
  /** The executor that computed it; see `Executor.name`. */
  executor?: string;
  /** Training has ended, by its epochs or by early stopping. */
  finished: boolean;
}

const format = "perennial-checkpoint/1";

/** Numbers that JSON cannot carry are kept as strings. */
const replaceNumber = (_: string, value: unknown) =>
  typeof value === "number" && !Number.isFinite(value) ? { number: String(value) } : value;
const reviveNumber = (_: string, value: unknown) =>
  typeof value === "object" && value !== null && "number" in value ? Number(value.number) : value;

/** Writes the position and answers where it lies, verified by the store. */
export async function saveCheckpoint(
  store: Store,
  assignment: Pick<Assignment, "runId" | "attempt">,
  step: number,
  position: TrainingPosition,
): Promise<CheckpointObject> {
  const { runId, attempt } = assignment;
  const { state, bestParameters, epochOutputs, epochLosses, ...rest } = position;
  const vector = (name: string, data: Float32Array | Float64Array) => ({ name, shape: [data.length], data });
  const bytes = encodeSafetensors(
    [
      ...Object.entries(state).map(([name, data]) => vector(`state/${name}`, data)),
      ...Object.entries(bestParameters ?? {}).map(([name, data]) => vector(`best/${name}`, data)),
      vector("epoch/outputs", epochOutputs),
      vector("epoch/losses", Float64Array.from(epochLosses)),
    ],
    { format, position: JSON.stringify(rest, replaceNumber) },
  );
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const { key, sizeBytes } = await store.put(checkpointKey(runId, attempt, step, sha256), bytes);
  return { key, sha256, sizeBytes, attempt, step, epoch: position.epoch };
}

/** @throws PlatformError OBJECT_NOT_FOUND, or OBJECT_CORRUPT for a file that is damaged or no checkpoint. */
export async function loadCheckpoint(store: Store, object: { key: string; sha256: string }): Promise<TrainingPosition> {
  const { tensors, metadata } = decodeSafetensors(await store.get(object.key, object.sha256));
  if (metadata.format !== format || metadata.position === undefined)
    throw new PlatformError("OBJECT_CORRUPT", `${object.key} is not a checkpoint of this version of Perennial`);
  const position = JSON.parse(metadata.position, reviveNumber) as Omit<
    TrainingPosition,
    "state" | "bestParameters" | "epochOutputs" | "epochLosses"
  >;
  const under = (prefix: string): State =>
    Object.fromEntries(
      tensors
        .filter((tensor) => tensor.name.startsWith(prefix))
        .map((tensor) => [tensor.name.slice(prefix.length), tensor.data as Float32Array]),
    );
  const named = (name: string) => tensors.find((tensor) => tensor.name === name)?.data;
  const best = under("best/");
  return {
    ...position,
    state: under("state/"),
    bestParameters: Object.keys(best).length > 0 ? best : null,
    epochOutputs: (named("epoch/outputs") as Float32Array | undefined) ?? new Float32Array(),
    epochLosses: Array.from((named("epoch/losses") as Float64Array | undefined) ?? []),
  };
}

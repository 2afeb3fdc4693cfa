import { createHash } from "node:crypto";
import type { State } from "../engine/executor.js";
import { decodeSafetensors, encodeSafetensors } from "../engine/safetensors.js";
import { PlatformError } from "../errors.js";
import type { Environment } from "../spec/environment.js";
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
  /** What computed it. */
  environment?: Environment;
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
    { format, run: runId, position: JSON.stringify(rest, replaceNumber) },
  );
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const { key, sizeBytes } = await store.put(checkpointKey(runId, attempt, step, sha256), bytes);
  return { key, sha256, sizeBytes, attempt, step, epoch: position.epoch };
}

type Described = Omit<TrainingPosition, "state" | "bestParameters" | "epochOutputs" | "epochLosses">;

/**
 * @param runId the run that must have written it.
 * @throws PlatformError OBJECT_NOT_FOUND, or OBJECT_CORRUPT for a file that is damaged, no checkpoint, or another run's.
 */
export async function loadCheckpoint(
  store: Store,
  { key, sha256 }: { key: string; sha256: string },
  runId: string,
): Promise<TrainingPosition> {
  const { tensors, metadata } = decodeSafetensors(await store.get(key, sha256));
  const refused = (reason: string) => new PlatformError("OBJECT_CORRUPT", `${key} ${reason}`);
  if (metadata.format !== format) throw refused("is not a checkpoint of this version of Perennial");
  if (metadata.run !== runId) throw refused("is a checkpoint of another run");
  const position = readPosition(metadata.position);
  if (!position) throw refused("does not say where training stood");

  const byName = new Map(tensors.map(({ name, data }) => [name, data]));
  const losses = byName.get("epoch/losses");
  const outputs = byName.get("epoch/outputs");
  if (!(losses instanceof Float64Array) || !(outputs instanceof Float32Array))
    throw refused("lacks what was measured in its epoch");
  const under = (prefix: string): State => {
    const state: State = {};
    for (const [name, data] of byName) {
      if (!name.startsWith(prefix)) continue;
      if (!(data instanceof Float32Array)) throw refused(`has a tensor "${name}" that is not of float32`);
      state[name.slice(prefix.length)] = data;
    }
    return state;
  };
  const best = under("best/");
  return {
    ...position,
    state: under("state/"),
    bestParameters: Object.keys(best).length > 0 ? best : null,
    epochOutputs: outputs,
    epochLosses: Array.from(losses),
  };
}

function readPosition(text: string | undefined): Described | undefined {
  let position: Partial<Described> | null;
  try {
    position = JSON.parse(text ?? "", reviveNumber);
  } catch {
    return undefined;
  }
  const counts = [position?.epoch, position?.stepInEpoch, position?.seq];
  const complete =
    counts.every((count) => Number.isSafeInteger(count) && (count as number) >= 0) &&
    typeof position?.finished === "boolean" &&
    typeof position.earlyStopping === "object" &&
    Array.isArray(position.lastValues);
  return complete ? (position as Described) : undefined;
}

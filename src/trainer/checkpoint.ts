import { decodeSafetensors, safetensorsLayout } from "../engine/files/safetensors.js";
import type { State } from "../engine/graphs/executor.js";
import { PlatformError } from "../errors.js";
import type { Environment } from "../language/training/environment.js";
import type { EarlyStoppingState } from "./early-stopping.js";
import type { NamedValue } from "./evaluation.js";
import type { PlateauState } from "./plateau.js";
import type { Store } from "./store.js";

/**
 * Where a training stands between two steps. Together with the assignment it is enough to continue bit for bit. Random
 * numbers and the order of the data are not part of it: they follow from the seed and the step.
 */
export interface TrainingPosition {
  /** Parameters, moving statistics and optimizer slots. */
  state: State;
  /** Completed epochs, and completed steps of the current one. */
  epoch: number;
  stepInEpoch: number;
  /** `seq` of the last metric point. */
  seq: number;
  /** Losses and outputs of the current epoch, for its metrics. */
  epochLosses: number[];
  epochOutputs: Float32Array;
  earlyStopping: EarlyStoppingState;
  /** State of a learning rate that depends on measurements; null for every other schedule. */
  plateau: PlateauState | null;
  /** Parameters of the best epoch, with their moving averages; null unless early stopping restores them. */
  bestParameters: State | null;
  /** Measurements of the last completed epoch. */
  lastValues: NamedValue[];
  /** The environment that computed it. */
  environment?: Environment;
  /** Whether the training has ended, by its number of epochs or by early stopping. */
  finished: boolean;
}

const format = "perennial-checkpoint/1";

/** JSON has no NaN and infinities: they are stored as strings. */
const replaceNumber = (_: string, value: unknown) =>
  typeof value === "number" && !Number.isFinite(value) ? { number: String(value) } : value;
const reviveNumber = (_: string, value: unknown) =>
  typeof value === "object" && value !== null && "number" in value ? Number(value.number) : value;

/** A position whose state is still in the training program. */
export type PositionWithoutState = Omit<TrainingPosition, "state">;

/** The file of a position, before the state is copied into it. */
export interface CheckpointFile {
  sizeBytes: number;
  /** Where the tensors of the state are, in bytes from the start of the file. */
  state: { name: string; begin: number; end: number }[];
  /**
   * Writes everything but the state, and answers the arrays to copy the state into. They are views of the file's memory, so
   * the state is copied only once.
   *
   * @param bytes `sizeBytes` bytes, at a multiple of 8 in their buffer.
   */
  open(bytes: Uint8Array): State;
}

/** Lays out the file of a position. The same position gives the same bytes in every process. */
export function checkpointFile(
  runId: string,
  position: PositionWithoutState,
  stateSizes: Readonly<Record<string, number>>,
): CheckpointFile {
  const { bestParameters, epochOutputs, epochLosses, ...rest } = position;
  const losses = Float64Array.from(epochLosses);
  const best = Object.entries(bestParameters ?? {});
  const floats = (name: string, size: number) => ({ name, shape: [size], dtype: "F32" as const });
  const { header, sizeBytes, at } = safetensorsLayout(
    [
      ...Object.entries(stateSizes).map(([name, size]) => floats(`state/${name}`, size)),
      ...best.map(([name, data]) => floats(`best/${name}`, data.length)),
      floats("epoch/outputs", epochOutputs.length),
      { name: "epoch/losses", shape: [losses.length], dtype: "F64" },
    ],
    { format, run: runId, position: JSON.stringify(rest, replaceNumber) },
  );
  const placeOf = (name: string) => at.get(name) as { begin: number; end: number };
  return {
    sizeBytes,
    state: Object.keys(stateSizes).map((name) => ({ name, ...placeOf(`state/${name}`) })),
    open({ buffer, byteOffset }) {
      const floatsOf = (name: string) => {
        const { begin, end } = placeOf(name);
        return new Float32Array(buffer, byteOffset + begin, (end - begin) / Float32Array.BYTES_PER_ELEMENT);
      };
      new Uint8Array(buffer, byteOffset).set(header);
      for (const [name, data] of best) floatsOf(`best/${name}`).set(data);
      floatsOf("epoch/outputs").set(epochOutputs);
      new Float64Array(buffer, byteOffset + placeOf("epoch/losses").begin, losses.length).set(losses);
      return Object.fromEntries(Object.keys(stateSizes).map((name) => [name, floatsOf(`state/${name}`)]));
    },
  };
}

type Described = Omit<TrainingPosition, "state" | "bestParameters" | "epochOutputs" | "epochLosses">;

/**
 * Reads a checkpoint.
 *
 * @param runId the run that it must belong to.
 * @throws PlatformError OBJECT_NOT_FOUND, or OBJECT_CORRUPT for a file that is damaged, not a checkpoint, or of another run.
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

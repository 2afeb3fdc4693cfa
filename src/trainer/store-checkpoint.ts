import { createHash } from "node:crypto";
import { PlatformError } from "../errors.js";
import { checkpointKey } from "../storage/keys.js";
import type { StoredObject } from "./protocol.js";
import type { Store } from "./store.js";

/** The file of a checkpoint in memory, and where the tensors of the state are in it. */
export interface CheckpointBytes {
  runId: string;
  attempt: number;
  step: number;
  /** Starts with the file; it may be longer. */
  buffer: ArrayBuffer;
  sizeBytes: number;
  state: { name: string; begin: number; end: number }[];
}

/** The result of a save. */
export type SaveOutcome =
  /** The file is stored and verified. */
  | { type: "STORED"; object: StoredObject & { sizeBytes: number } }
  /** A number of the state is not finite. Nothing was stored, because such a state must not become a checkpoint. */
  | { type: "RUINED"; name: string; value: number }
  /** The store failed. */
  | { type: "FAILED"; code: PlatformError["code"]; message: string };

/**
 * Checks that the state is finite, hashes the file and stores it. This takes long for a large state, so a trainer does it on
 * another thread.
 */
export async function storeCheckpoint(store: Pick<Store, "put">, file: CheckpointBytes): Promise<SaveOutcome> {
  const { runId, attempt, step, buffer, sizeBytes, state } = file;
  for (const { name, begin, end } of state) {
    const value = firstNonFinite(new Float32Array(buffer, begin, (end - begin) / Float32Array.BYTES_PER_ELEMENT));
    if (value !== undefined) return { type: "RUINED", name, value };
  }
  const bytes = new Uint8Array(buffer, 0, sizeBytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  try {
    const { key } = await store.put(checkpointKey(runId, attempt, step, sha256), bytes);
    return { type: "STORED", object: { key, sha256, sizeBytes } };
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    return { type: "FAILED", code: error.code, message: error.message };
  }
}

/** The first of these numbers that is NaN or infinite; undefined where there is none. */
export function firstNonFinite(values: Float32Array): number | undefined {
  // 0 times a finite number is 0, and 0 times anything else is NaN: several times as fast as testing each number. Four sums,
  // because an addition to a sum waits for the one before.
  let [a, b, c, d] = [0, 0, 0, 0];
  const even = values.length - (values.length % 4);
  for (let index = 0; index < even; index += 4) {
    a += 0 * (values[index] as number);
    b += 0 * (values[index + 1] as number);
    c += 0 * (values[index + 2] as number);
    d += 0 * (values[index + 3] as number);
  }
  for (let index = even; index < values.length; index++) a += 0 * (values[index] as number);
  return a + b + c + d === 0 ? undefined : values.find((value) => !Number.isFinite(value));
}

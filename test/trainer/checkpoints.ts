import { checkpointFile, type TrainingPosition } from "../../src/trainer/checkpoint.js";
import type { CheckpointSaver, SaveFile } from "../../src/trainer/checkpoint-writer.js";
import type { CheckpointObject } from "../../src/trainer/protocol.js";
import type { Store } from "../../src/trainer/store.js";
import { storeCheckpoint } from "../../src/trainer/store-checkpoint.js";

/** What the thread does, without a thread. */
export const saveHere =
  (store: Pick<Store, "put">): SaveFile =>
  async (file) => ({ outcome: await storeCheckpoint(store, file), buffer: file.buffer });

/** A saver that reserves nothing ahead of time. */
export const saverOf = (saveFile: SaveFile): CheckpointSaver => ({
  saveFile,
  reserve: async (sizeBytes) => new ArrayBuffer(sizeBytes),
});

/** The bytes of a position's file, with any state. */
export function checkpointBytes(runId: string, { state, ...position }: TrainingPosition) {
  const stateSizes = Object.fromEntries(Object.entries(state).map(([name, values]) => [name, values.length]));
  const file = checkpointFile(runId, position, stateSizes);
  const bytes = new Uint8Array(file.sizeBytes);
  for (const [name, array] of Object.entries(file.open(bytes))) array.set(state[name] as Float32Array);
  return { bytes, file };
}

/** Stores a position as a checkpoint, whatever it says. */
export async function saveCheckpoint(
  store: Pick<Store, "put">,
  { runId, attempt }: { runId: string; attempt: number },
  step: number,
  position: TrainingPosition,
): Promise<CheckpointObject> {
  const { bytes, file } = checkpointBytes(runId, position);
  const { sizeBytes, state } = file;
  const outcome = await storeCheckpoint(store, { runId, attempt, step, buffer: bytes.buffer, sizeBytes, state });
  if (outcome.type !== "STORED") throw new Error(`not stored: ${JSON.stringify(outcome)}`);
  return { ...outcome.object, attempt, step, epoch: position.epoch, monitored: null };
}

import type { State } from "../engine/graphs/executor.js";
import { PlatformError } from "../errors.js";
import type { Environment } from "../language/training/environment.js";
import { checkpointFile, type PositionWithoutState } from "./checkpoint.js";
import { diverged } from "./divergence.js";
import { monitoredValue } from "./early-stopping.js";
import { type Patience, patiently } from "./patient-store.js";
import type { Assignment, FromTrainer } from "./protocol.js";
import type { CheckpointBytes, SaveOutcome } from "./store-checkpoint.js";

/** Stores the file of a checkpoint on another thread and gives its buffer back. */
export type SaveFile = (file: CheckpointBytes) => Promise<{ outcome: SaveOutcome; buffer: ArrayBuffer }>;

/** Saves checkpoints on another thread, so that training does not wait. */
export interface CheckpointSaver {
  saveFile: SaveFile;
  /** Memory whose pages exist already: a copy into new pages takes several times as long. */
  reserve(sizeBytes: number): Promise<ArrayBuffer>;
}

/** Where a state is copied from. */
export interface StateSource {
  readonly stateSizes: Readonly<Record<string, number>>;
  copyState(into: State): Promise<void>;
}

/**
 * Saves checkpoints while a training continues: the loop waits for one copy of the state, and another thread does the rest.
 * There is one save at a time, and its memory is kept for the next one.
 */
export interface CheckpointWriter {
  /** Whether a save is in flight. */
  readonly busy: boolean;
  /** Resolves to true when no save is in flight; to false when the store has refused the one in flight and it is retried. */
  free(): Promise<boolean>;
  /** The last step whose checkpoint is stored; 0 before the first. */
  readonly storedStep: number;
  /** Reserves memory for files of up to this size, so that the first save is as fast as the others. */
  reserve(sizeBytes: number): void;
  /** Waits for a save in flight, copies the position and begins to store it. Resolves when it is copied. */
  save(step: number, position: PositionWithoutState, source: StateSource): Promise<void>;
  /** @throws PlatformError DIVERGED when a save found numbers that are not finite; any other error that made a save fail. */
  assertSound(): void;
  /** Resolves when no save is in flight. @throws as `assertSound` does. */
  settled(): Promise<void>;
  /** Waits for the save in flight, but not for an unavailable store. */
  close(): Promise<void>;
}

/** Failures of a store after which the next checkpoint may succeed. */
const transient: ReadonlySet<string> = new Set(["STORAGE_UNAVAILABLE", "STORAGE_FULL", "OBJECT_CORRUPT"]);
/** The size of the file differs a little from checkpoint to checkpoint. */
const spareBytes = 2 ** 16;

/** @param options.patience how long a save waits for a store that is unavailable. */
export function createCheckpointWriter(options: {
  assignment: Pick<Assignment, "runId" | "attempt" | "training">;
  /** What computes the state; stored in each checkpoint. */
  environment: Environment;
  saver: CheckpointSaver;
  patience: Patience;
  send(message: FromTrainer): void;
}): CheckpointWriter {
  const { runId, attempt, training } = options.assignment;
  const { send, saver } = options;
  let memory: ArrayBuffer | undefined;
  let reserved: Promise<void> | undefined;
  let inFlight: Promise<void> | undefined;
  let failure: Error | undefined;
  let storedStep = 0;
  let refused = false;
  let onRefused = () => {};
  let closing = false;
  const patience = { ...options.patience, stopped: () => closing || options.patience.stopped() };

  /** Memory for a file. It belongs to the other thread while a save is in flight. */
  function take(sizeBytes: number): ArrayBuffer {
    // Freed before a larger buffer is allocated, so that there is never more than one.
    if (memory && memory.byteLength < sizeBytes) memory = undefined;
    const taken = memory ?? new ArrayBuffer(sizeBytes + spareBytes);
    memory = undefined;
    return taken;
  }

  async function store(file: CheckpointBytes): Promise<SaveOutcome> {
    let { buffer } = file;
    try {
      return await patiently(async () => {
        const saved = await saver.saveFile({ ...file, buffer });
        buffer = saved.buffer;
        const { outcome } = saved;
        if (outcome.type === "FAILED") {
          refused = true;
          onRefused();
          throw new PlatformError(outcome.code, outcome.message);
        }
        return outcome;
      }, patience);
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      return { type: "FAILED", code: error.code, message: error.message };
    } finally {
      memory = buffer;
      refused = false;
    }
  }

  function conclude(outcome: SaveOutcome, saved: { step: number; epoch: number; monitored: number | null }): void {
    const { step } = saved;
    if (outcome.type === "STORED") {
      storedStep = step;
      send({ type: "CHECKPOINT", checkpoint: { ...outcome.object, attempt, ...saved } });
    } else if (outcome.type === "RUINED") {
      const { name, value } = outcome;
      failure = diverged(name, value, step);
    } else if (transient.has(outcome.code)) {
      // The training continues: the next checkpoint may succeed.
      send({ type: "WARNING", message: `no checkpoint at step ${step}: ${outcome.message}` });
    } else failure = new PlatformError(outcome.code, outcome.message);
  }

  function assertSound(): void {
    if (failure) throw failure;
  }
  async function settled(): Promise<void> {
    await inFlight;
    assertSound();
  }

  return {
    get busy() {
      return inFlight !== undefined;
    },
    async free() {
      if (!inFlight) return true;
      const refusal = new Promise<void>((resolve) => {
        onRefused = resolve;
      });
      if (!refused) await Promise.race([inFlight, refusal]);
      return !refused;
    },
    get storedStep() {
      return storedStep;
    },
    reserve(sizeBytes) {
      reserved = saver.reserve(sizeBytes + spareBytes).then(
        (buffer) => {
          memory = buffer;
        },
        // The first save allocates what it needs, and reports what fails.
        () => {},
      );
    },
    async save(step, position, source) {
      await reserved;
      await settled();
      const file = checkpointFile(runId, { ...position, environment: options.environment }, source.stateSizes);
      const { sizeBytes, state } = file;
      const buffer = take(sizeBytes);
      await source.copyState(file.open(new Uint8Array(buffer, 0, sizeBytes)));
      const { epoch } = position;
      const monitored = monitoredValue(training.earlyStopping, position);
      inFlight = store({ runId, attempt, step, buffer, sizeBytes, state })
        .then(
          (outcome) => conclude(outcome, { step, epoch, monitored }),
          (error: Error) => {
            failure = error;
          },
        )
        .finally(() => {
          inFlight = undefined;
        });
    },
    assertSound,
    settled,
    async close() {
      closing = true;
      await inFlight;
    },
  };
}

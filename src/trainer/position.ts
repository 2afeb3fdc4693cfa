import type { State } from "../engine/graphs/executor.js";
import type { StepResult } from "../engine/programs/training-program.js";
import type { MetricPoint } from "../language/metrics/metrics.js";
import type { Schedule } from "../language/schedules/schedules.js";
import type { PositionWithoutState, TrainingPosition } from "./checkpoint.js";
import { type EarlyStoppingState, freshEarlyStopping } from "./early-stopping.js";
import type { NamedValue } from "./evaluation.js";
import { freshPlateau, type PlateauState } from "./plateau.js";
import type { Progress } from "./protocol.js";

/** The fixed lengths that a position counts within. */
export interface TrainingLength {
  epochs: number;
  stepsPerEpoch: number;
}

/**
 * Where a training stands: all that the training loop changes, apart from the weights and optimizer slots, which the
 * program holds. A checkpoint stores a position (`toStored`), and a resumed training starts from a stored one.
 */
export class Position {
  /** Completed epochs. */
  epoch: number;
  /** Completed steps of the current epoch; 0 between two epochs. */
  stepInEpoch: number;
  /** Loss of each step of the current epoch. */
  epochLosses: number[];
  /** Predictions of each step of the current epoch, [rows, target width]. */
  epochOutputs: Float32Array[];
  earlyStopping: EarlyStoppingState;
  /** State of a learning rate that depends on measurements; null for every other schedule. */
  plateau: PlateauState | null;
  /** Parameters of the best epoch, with their moving averages; null unless early stopping restores them. */
  bestParameters: State | null;
  /** Measurements of the last completed epoch. */
  lastValues: NamedValue[];
  /** Whether the training has ended, by its number of epochs or by early stopping. */
  finished: boolean;

  /**
   * @param stored the checkpoint to resume; null to begin before the first step.
   * @param seq of the last metric point; default: that of the checkpoint.
   */
  constructor(
    private readonly length: TrainingLength,
    schedule: Schedule,
    stored: PositionWithoutState | null = null,
    private seq: number = stored?.seq ?? 0,
  ) {
    this.epoch = stored?.epoch ?? 0;
    this.stepInEpoch = stored?.stepInEpoch ?? 0;
    this.epochLosses = [...(stored?.epochLosses ?? [])];
    this.epochOutputs = stored ? [stored.epochOutputs] : [];
    this.earlyStopping = stored?.earlyStopping ?? freshEarlyStopping;
    this.plateau = stored?.plateau ?? freshPlateau(schedule);
    this.bestParameters = stored?.bestParameters ?? null;
    this.lastValues = stored?.lastValues ?? [];
    this.finished = stored?.finished ?? false;
  }

  /** Completed steps of the whole training, which is also the index of the next step. */
  get step(): number {
    return this.epoch * this.length.stepsPerEpoch + this.stepInEpoch;
  }

  /** Whether every step of the current epoch is done; `completeEpoch` comes next. */
  get endsEpoch(): boolean {
    return this.stepInEpoch === this.length.stepsPerEpoch;
  }

  /** Between two epochs, `epoch` is the one just completed. */
  get progress(): Progress {
    const { epochs, stepsPerEpoch } = this.length;
    return { epoch: Math.max(1, this.epochInProgress), epochs, step: this.step, steps: epochs * stepsPerEpoch };
  }

  completeStep({ loss, predictions }: Pick<StepResult, "loss" | "predictions">): void {
    this.stepInEpoch += 1;
    this.epochLosses.push(loss);
    // The program reuses the memory of its predictions.
    this.epochOutputs.push(predictions.slice());
  }

  /** @param values what was measured of this epoch. */
  completeEpoch(values: NamedValue[]): void {
    this.epoch += 1;
    this.stepInEpoch = 0;
    this.epochLosses = [];
    this.epochOutputs = [];
    this.lastValues = values;
    this.finished = this.epoch === this.length.epochs;
  }

  /** A metric point at this position. Points are numbered in the order in which they are made. */
  nextPoint({ name, value }: Pick<NamedValue, "name" | "value">): MetricPoint {
    this.seq += 1;
    return { seq: this.seq, name, step: this.step, epoch: this.epochInProgress, value };
  }

  /** What a checkpoint stores. The order of the keys is part of the file's bytes, and so of its digest. */
  toStored(): Omit<TrainingPosition, "state"> {
    return {
      epoch: this.epoch,
      stepInEpoch: this.stepInEpoch,
      seq: this.seq,
      epochLosses: this.epochLosses,
      epochOutputs: concatenate(Float32Array, this.epochOutputs),
      earlyStopping: this.earlyStopping,
      plateau: this.plateau,
      bestParameters: this.bestParameters,
      lastValues: this.lastValues,
      finished: this.finished,
    };
  }

  /** Counted from 1; between two epochs, the one just completed. */
  private get epochInProgress(): number {
    return this.stepInEpoch === 0 ? this.epoch : this.epoch + 1;
  }
}

/** The parts one after another. */
export function concatenate<Numbers extends Float32Array | Uint32Array>(
  type: new (length: number) => Numbers,
  parts: readonly Numbers[],
): Numbers {
  const whole = new type(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

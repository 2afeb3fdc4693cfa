import type { MetricPoint } from "../language/metrics/metrics.js";
import type { Progress } from "./protocol.js";

/** What a training does between its steps and after them. */
export type Interlude = "EVALUATION" | "CHECKPOINT" | "CONCLUSION";

/** What the training loop reports, and how it is stopped. */
export interface FitListener {
  /** One measurement at the current step; `seq` is the same in every attempt that makes the same point. */
  point(point: MetricPoint, progress: Progress): void;
  earlyStopped(message: string): void;
  /** Sends what was reported so far: what follows is not a step, and may take longer than one. */
  flush(next: Interlude): void;
  /**
   * Called before every step: lets messages in and out, waits as long as the worker holds the training back, and answers
   * what the worker has requested.
   */
  yield(): Promise<"CANCEL" | "DRAIN" | undefined>;
}

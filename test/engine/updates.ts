import { readFileSync } from "node:fs";
import { afterAll, beforeAll } from "vitest";
import { useEagerBackend } from "./golden.js";

interface Trajectory {
  steps: number[][][];
  averages?: number[][][];
}

interface UpdatesGolden {
  parameters: number[][];
  gradients: number[][][];
  optimizers: Record<string, Trajectory>;
  schedules: Record<string, number[]>;
  plateaus: Record<string, { values: number[]; rates: number[] }>;
  logits: number[];
  losses: Record<string, { targets: number[]; values: number[] }>;
  weightedLoss: { weights: number[]; value: number };
  classification: { predictions: number[]; classes: number[] } & Record<string, number>;
  binary: { predictions: number[]; labels: number[] } & Record<string, number>;
  regression: { predictions: number[]; targets: number[] } & Record<string, number>;
  balanced: { classes: number[]; weights: number[] };
}

/** What Keras 3, PyTorch and scikit-learn compute: see `golden/updates_golden.py`. */
export const updates = JSON.parse(
  readFileSync(new URL("./golden/updates.json", import.meta.url), "utf8"),
) as unknown as UpdatesGolden;

/**
 * Makes the reference backend work in double precision for the tests of one file: tfjs keeps its numbers in whatever
 * `Float32Array` is when a kernel runs.
 */
export function useDoublePrecision(): void {
  const single = globalThis.Float32Array;
  beforeAll(async () => {
    await useEagerBackend();
    globalThis.Float32Array = Float64Array as unknown as Float32ArrayConstructor;
  });
  afterAll(() => {
    globalThis.Float32Array = single;
  });
}

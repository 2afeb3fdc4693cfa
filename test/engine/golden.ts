import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import { createEagerExecutor } from "../../src/engine/eager/eager-executor.js";

interface Golden {
  parameters: number[][];
  gradients: number[][][];
  optimizers: Record<string, number[][][]>;
  learning_rates: Record<"smooth" | "staircase" | "step", number[]>;
  x: number[];
  activations: Record<string, number[]>;
  logits: number[];
  losses: Record<string, { targets: number[]; values: number[] }>;
  rows: number[];
  gamma: number[];
  beta: number[];
  batchNormalization: Record<"training" | "inference", number[][]> &
    Record<"moving_mean" | "moving_variance", number[]>;
  layerNormalization: { training: number[][] };
  classification: { predictions: number[][]; classes: number[] } & Record<string, number>;
  binary: { predictions: number[]; labels: number[] } & Record<string, number>;
  regression: { predictions: number[]; targets: number[] } & Record<string, number>;
}

/** What Keras 3 and scikit-learn compute: see `golden/keras_golden.py`. */
export const golden = JSON.parse(
  readFileSync(new URL("./golden/keras.json", import.meta.url), "utf8"),
) as unknown as Golden;

/** Equal up to rounding in float32. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 2e-6): void {
  expect(actual.length).toBe(expected.length);
  for (let index = 0; index < expected.length; index++) {
    const [value, wanted] = [actual[index] as number, expected[index] as number];
    const difference = Math.abs(value - wanted);
    expect(difference, `[${index}] is ${value}, not ${wanted}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(wanted)),
    );
  }
}

/** Makes the reference backend the current one, for tests that call tfjs directly. */
export async function useEagerBackend(): Promise<void> {
  await createEagerExecutor().load({
    name: "",
    inputs: [],
    state: [],
    outputs: [],
    run: () => ({ outputs: {}, state: {} }),
  });
  await tf.ready();
}

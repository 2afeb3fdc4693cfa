import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it, test } from "vitest";
import { applyLayer, randomInputs } from "../../src/engine/layers/layer.js";
import { draw as drawNumbers, normal, randomKey } from "../../src/engine/tensors/random.js";
import { Findings } from "../../src/language/fields/findings.js";
import { resolveLayers } from "../../src/language/layers/resolve-layers.js";
import { expectClose, useEagerBackend } from "./golden.js";
import { evaluate, layerOf } from "./layer-function.js";

beforeAll(useEagerBackend);

/** Keras 3's constants and rule, in float64. `kept` is 1 or 0. */
function expected(x: ArrayLike<number>, kept: ArrayLike<number>, rate: number): number[] {
  const alpha = 1.6732632423543772;
  const scale = 1.0507009873554805;
  const dropped = -alpha * scale;
  const a = ((1 - rate) * (1 + rate * dropped ** 2)) ** -0.5;
  const b = -a * dropped * rate;
  return Array.from(x, (value, index) => {
    const keep = kept[index] as number;
    return a * (value * keep + dropped * (1 - keep)) + b;
  });
}

/** The layer while training, with the masks that a run of seed 7 draws at one step. */
function train(rate: number, shape: [number, number]) {
  const layer = layerOf({ alphaDropout: { rate } }, [shape[1]]);
  const [input] = randomInputs(layer);
  if (input === undefined) throw new Error("nothing is drawn");
  const x = Float32Array.from(normal(randomKey(3, "x"), shape[0] * shape[1]));
  const mask = drawNumbers(randomKey(7, "alpha", 11), x.length, input);
  const y = tf.tidy(() =>
    applyLayer(
      layer,
      tf.tensor(x, shape),
      {},
      { training: true, random: { mask: tf.tensor(mask, shape) }, update: () => undefined },
    ).dataSync(),
  );
  return { x, mask, y };
}

const moments = (values: ArrayLike<number>) => {
  const list = Array.from(values);
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  return { mean, variance: list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length };
};

describe("alphaDropout", () => {
  test.each([0.1, 0.4, 0.9])("at a rate of %d is Keras's while training", (rate) => {
    const { x, mask, y } = train(rate, [50, 8]);
    const kept = mask.map((value) => (value > 0 ? 1 : 0));
    expect(new Set(kept)).toEqual(new Set([0, 1]));
    expectClose(y, expected(x, kept, rate), 1e-6);
  });

  test.each([0.1, 0.5])("at a rate of %d drops that share and keeps mean 0 and variance 1", (rate) => {
    const { mask, y } = train(rate, [2_000, 100]);
    expect(mask.filter((value) => value === 0).length / mask.length).toBeCloseTo(rate, 2);
    const { mean, variance } = moments(y);
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(Math.abs(variance - 1)).toBeLessThan(0.02);
  });

  it("does nothing after training, and draws nothing at a rate of 0", () => {
    const x = { shape: [2, 3], values: [1, -2, 3, 0, 5, -6] };
    const layer = layerOf({ alphaDropout: { rate: 0.5 } }, [3]);
    expect(evaluate(layer, x, {}, false).y).toEqual(x);
    const idle = layerOf({ alphaDropout: { rate: 0 } }, [3]);
    expect(randomInputs(idle)).toEqual([]);
    expect(evaluate(idle, x, {}, true).y).toEqual(x);
  });

  it("passes the gradient of what is kept, scaled", () => {
    const layer = layerOf({ alphaDropout: { rate: 0.4 } }, [40]);
    const x = { shape: [1, 40], values: Array.from(normal(randomKey(5, "x"), 40)) };
    const { y, gradients } = evaluate(layer, x, {}, true);
    const [low] = expected([0], [0], 0.4) as [number];
    const scale = ((1 - 0.4) * (1 + 0.4 * (1.6732632423543772 * 1.0507009873554805) ** 2)) ** -0.5;
    const wanted = y.values.map((value) => (Math.abs(value - low) < 1e-6 ? 0 : scale));
    expect(new Set(wanted).size).toBe(2);
    expectClose(gradients(Array(40).fill(1)).x?.values ?? [], wanted, 1e-6);
  });

  it("keeps the shape and names a rate that it cannot have", () => {
    expect(layerOf({ alphaDropout: { rate: 0.1 } }, [3, 2, 4])).toMatchObject({
      name: "alpha_dropout_0",
      outputShape: [3, 2, 4],
    });
    const findings = Findings.start();
    resolveLayers(findings, [{ alphaDropout: { rate: 1 } }], [4]);
    expect(findings.problems()).toEqual([
      {
        path: "layers[0].alphaDropout.rate",
        code: "OUT_OF_RANGE",
        message: "must be a finite number at least 0 and below 1, got 1.",
      },
    ]);
  });
});

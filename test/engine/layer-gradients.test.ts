import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LayerDeclaration } from "../../src/language/layers/layer.js";
import { useEagerBackend } from "./golden.js";
import { draw, drawParameters, evaluate, layerOf, type Numbers } from "./layer-function.js";

/**
 * Each layer's gradients against central differences. tfjs keeps its numbers in whatever `Float32Array` is when a kernel
 * runs, so for this file that is Float64Array: the same kernels and gradients, in double precision.
 */
const single = globalThis.Float32Array;
beforeAll(async () => {
  await useEagerBackend();
  globalThis.Float32Array = Float64Array as unknown as Float32ArrayConstructor;
});
afterAll(() => {
  globalThis.Float32Array = single;
});

interface Case {
  inputShape: number[];
  layer: LayerDeclaration;
}
const golden = JSON.parse(readFileSync(new URL("./golden/layers.json", import.meta.url), "utf8")) as { cases: Case[] };
const random: Case[] = [
  { inputShape: [3, 2], layer: { spatialDropout1d: { rate: 0.4 } } },
  { inputShape: [2, 3, 2], layer: { spatialDropout2d: { rate: 0.4 } } },
  { inputShape: [3, 4], layer: { rmsNormalization: { epsilon: 0.1 } } },
  { inputShape: [3, 2], layer: { alphaDropout: { rate: 0.4 } } },
  { inputShape: [3, 2], layer: { gaussianNoise: { stddev: 0.3 } } },
];
const cases = [...golden.cases, ...random].map((entry): [string, Case] => [
  `${JSON.stringify(entry.layer)} on ${entry.inputShape}`,
  entry,
]);

const batch = 2;
const step = 1e-5;

describe("gradients are those of finite differences for", () => {
  test.each(cases)("%s", (_name, { layer: declaration, inputShape }) => {
    const layer = layerOf(declaration, inputShape);
    const x = draw("x", [batch, ...inputShape]);
    const parameters = drawParameters(layer);
    const { y, gradients } = evaluate(layer, x, parameters, true);
    const weights = draw("weights", y.shape).values;
    const actual = gradients(weights);
    const total = (input: Numbers, values: Record<string, Numbers>) =>
      evaluate(layer, input, values, true).y.values.reduce(
        (sum, value, at) => sum + value * (weights[at] as number),
        0,
      );

    function check(
      name: string,
      at: Numbers,
      gradient: Numbers | undefined,
      totalAt: (moved: Numbers) => number,
    ): void {
      expect(gradient?.shape, name).toEqual(at.shape);
      for (const [index, value] of at.values.entries()) {
        const moved = (delta: number) => totalAt({ ...at, values: at.values.with(index, value + delta) });
        const expected = (moved(step) - moved(-step)) / (2 * step);
        const found = gradient?.values[index] as number;
        const off = Math.abs(found - expected) / Math.max(1, Math.abs(expected));
        expect(off, `${name}[${index}] is ${found}, not ${expected}`).toBeLessThanOrEqual(1e-7);
      }
    }
    check("x", x, actual.x, (moved) => total(moved, parameters));
    for (const [name, value] of Object.entries(parameters)) {
      check(name, value, actual.parameters[name], (moved) => total(x, { ...parameters, [name]: moved }));
    }
  });
});

test("where a window's greatest number comes twice, the first one takes the gradient", () => {
  const layer = layerOf({ maxPooling2d: {} }, [2, 2, 1]);
  const x = { shape: [1, 2, 2, 1], values: [1, 7, 7, 7] };
  expect(evaluate(layer, x, {}).gradients([3]).x?.values).toEqual([0, 3, 0, 0]);
});

test("overlapping windows add up what they give to one number", () => {
  const layer = layerOf({ maxPooling1d: { poolSize: [2], strides: [1] } }, [3, 1]);
  const x = { shape: [1, 3, 1], values: [-3, -1, -2] };
  expect(evaluate(layer, x, {}).gradients([2, 5]).x?.values).toEqual([0, 7, 0]);
});

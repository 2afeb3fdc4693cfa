import { beforeAll, describe, expect, it, test } from "vitest";
import { Findings } from "../../src/language/fields/findings.js";
import { parameterShapes } from "../../src/language/layers/parameters.js";
import { resolveLayers } from "../../src/language/layers/resolve-layers.js";
import { expectClose, useEagerBackend } from "./golden.js";
import { draw, drawParameters, evaluate, layerOf, type Numbers } from "./layer-function.js";

beforeAll(useEagerBackend);

/** Keras 3: `x * rsqrt(mean(square(x), axis=-1) + epsilon) * scale`, in float64. */
function expected(x: Numbers, scale: readonly number[], epsilon: number): number[] {
  const width = scale.length;
  return x.values.map((value, index) => {
    const start = index - (index % width);
    const row = x.values.slice(start, start + width);
    const meanSquare = row.reduce((sum, entry) => sum + entry ** 2, 0) / width;
    return (value / Math.sqrt(meanSquare + epsilon)) * (scale[index % width] as number);
  });
}

describe("rmsNormalization", () => {
  test.each([
    [[4], {}, 1e-6],
    [[3, 5], {}, 1e-6],
    [[2, 3, 2], { epsilon: 0.5 }, 0.5],
  ] as const)("on %j with %j is Keras's, while training and afterwards", (shape, declared, epsilon) => {
    const layer = layerOf({ rmsNormalization: declared }, [...shape]);
    const x = draw("x", [7, ...shape], 3);
    const parameters = drawParameters(layer);
    const wanted = expected(x, parameters.scale?.values ?? [], epsilon);
    for (const training of [true, false]) {
      const { y } = evaluate(layer, x, parameters, training);
      expect(y.shape).toEqual(x.shape);
      expectClose(y.values, wanted, 1e-6);
    }
  });

  it("has one factor for each entry of the last axis, which begins at 1 and is spared with NORMALIZATION", () => {
    const layer = layerOf({ rmsNormalization: {} }, [6, 3]);
    expect(layer).toMatchObject({ name: "rms_normalization_0", epsilon: 1e-6, outputShape: [6, 3] });
    const scale = { name: "scale", shape: [3], trainable: true, kind: "NORMALIZATION", initializer: { type: "ONES" } };
    expect(parameterShapes(layer)).toEqual([{ ...scale, regularizer: { l1: 0, l2: 0 } }]);
  });

  it("stays finite on a row of zeros", () => {
    const layer = layerOf({ rmsNormalization: {} }, [2]);
    const zeros = { shape: [1, 2], values: [0, 0] };
    const { y, gradients } = evaluate(layer, zeros, { scale: { shape: [2], values: [1, 2] } });
    expect(y.values).toEqual([0, 0]);
    expectClose(gradients([1, 1]).x?.values ?? [], [1e3, 2e3], 1e-5);
  });

  it("refuses an epsilon of 0", () => {
    const findings = Findings.start();
    resolveLayers(findings, [{ rmsNormalization: { epsilon: 0 } }], [4]);
    expect(findings.problems()).toEqual([
      {
        path: "layers[0].rmsNormalization.epsilon",
        code: "OUT_OF_RANGE",
        message: "must be a finite number above 0, got 0.",
      },
    ]);
  });
});

import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it, test } from "vitest";
import { useEagerBackend } from "../golden.js";
import { compiled, expectAgreement, graphOf, valuesFor } from "./compare.js";
import { convolutions, images, pools } from "./image-kernel-cases.js";
import { along, binary, type Case, one, positions, products, reductions, shapes, unary } from "./kernel-cases.js";

beforeAll(useEagerBackend);

describe("a compiled kernel gives the same numbers as the eager one", () => {
  const unaryCases = Object.entries(unary).map(
    ([name, compute]): Case => [name, one, ({ x }) => compute(x as tf.Tensor)],
  );
  test.each([
    ...binary,
    ...unaryCases,
    ...reductions,
    ...along,
    ...products,
    ...shapes,
    ...positions,
    ...convolutions,
    ...pools,
    ...images,
  ])("%s", async (_name, inputs, compute) => {
    const graph = graphOf(inputs, compute);
    await expectAgreement(graph, valuesFor(graph));
  });
});

describe("a compiled function does not hide what is not finite", () => {
  // Beyond a vector's width, since native code treats the rest of a row by itself.
  const special = Array.from({ length: 5 }, () => [
    Number.NaN,
    -Infinity,
    -20,
    -1,
    -0.25,
    0,
    0.25,
    1,
    20,
    Infinity,
  ]).flat();

  test.each(Object.entries(unary))("%s", async (_name, compute) => {
    const graph = graphOf({ x: [special.length] }, ({ x }) => compute(x as tf.Tensor));
    await expectAgreement(graph, { x: Float32Array.from(special) });
  });

  it.each([
    ["softmax", tf.softmax],
    ["logSoftmax", tf.logSoftmax],
    ["maximum", (x: tf.Tensor) => tf.max(x, 1)],
    ["minimum", (x: tf.Tensor) => tf.min(x, 1)],
    ["sum", (x: tf.Tensor) => tf.sum(x, 1)],
  ])("%s of a row", async (_name, compute) => {
    const graph = graphOf({ x: [2, 9] }, ({ x }) => compute(x as tf.Tensor));
    const x = new Float32Array(18).fill(1);
    x[4] = Number.NaN;
    const executable = await compiled.load(graph);
    const { out0 } = await executable.run({ x });
    const rows = [out0?.subarray(0, (out0.length ?? 0) / 2), out0?.subarray(out0.length / 2)];
    expect(rows.map((row) => row?.some(Number.isNaN))).toEqual([true, false]);
    executable.dispose();
  });
});

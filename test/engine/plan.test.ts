import { expect, it } from "vitest";
import { plan } from "../../src/engine/networks/plan.js";
import { batchesOf } from "../../src/engine/tensors/batches.js";
import { batchNormalization, dense, modelOf } from "./models.js";

it("a plan counts each layer's parameters, moving statistics apart", () => {
  const model = modelOf(
    [4, 4, 1],
    [{ type: "flatten", name: "flat" }, dense("dense_0", 8, "RELU"), batchNormalization("norm")],
    {
      width: 3,
      activation: "SOFTMAX",
      loss: { type: "CATEGORICAL_CROSSENTROPY", labelSmoothing: 0 },
    },
  );
  expect(plan(model)).toEqual({
    layers: [
      { name: "flat", type: "flatten", outputShape: [16], parameters: 0, trainableParameters: 0 },
      { name: "dense_0", type: "dense", outputShape: [8], parameters: 136, trainableParameters: 136 },
      { name: "norm", type: "batchNormalization", outputShape: [8], parameters: 32, trainableParameters: 16 },
      { name: "output", type: "dense", outputShape: [3], parameters: 27, trainableParameters: 27 },
    ],
    parameters: 195,
    trainableParameters: 179,
  });
});

it("rows are split into few batches with little padding", () => {
  expect(batchesOf(0, [1, 8])).toEqual([]);
  expect(batchesOf(1, [1, 8])).toEqual([{ start: 0, count: 1, size: 1 }]);
  expect(batchesOf(17, [1, 8])).toEqual([
    { start: 0, count: 8, size: 8 },
    { start: 8, count: 8, size: 8 },
    { start: 16, count: 1, size: 1 },
  ]);
  expect(batchesOf(13, [1, 8])).toEqual([
    { start: 0, count: 8, size: 8 },
    { start: 8, count: 5, size: 8 },
  ]);
});

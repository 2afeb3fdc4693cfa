import * as tf from "@tensorflow/tfjs-core";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it, test } from "vitest";
import { predictionGraph } from "../../../src/engine/networks/inference-graphs.js";
import { initialParameters } from "../../../src/engine/networks/state.js";
import { exportModel } from "../../../src/engine/onnx/export/export-model.js";
import { traceSymbolic } from "../../../src/engine/onnx/export/symbolic.js";
import { createPredictor } from "../../../src/engine/programs/predict.js";
import { elementCount } from "../../../src/engine/tensors/initializers.js";
import { normal, randomKey } from "../../../src/engine/tensors/random.js";
import { compiled, eager, expectSame, graphOf } from "./compare.js";
import { zoo, zooNet } from "./zoo.js";

const models = zoo.filter(({ name, ids }) => !/^(activations|loss|optimizer)/.test(name) && !ids);

describe("a model as an ONNX file", () => {
  test.each(models)("predicts any number of rows as the eager executor does: $name", async ({ model }) => {
    const parameters = initialParameters(model, 5);
    const session = await InferenceSession.create(exportModel((rows) => predictionGraph(model, rows), parameters));
    const predictor = createPredictor(model, parameters, eager);
    for (const rows of [1, 7, 1000]) {
      const x = Float32Array.from(normal(randomKey(rows, "x"), rows * elementCount(model.inputShape)));
      const { predictions } = await session.run({ x: new Tensor("float32", x, [rows, ...model.inputShape]) });
      expect(predictions?.dims).toEqual([rows, model.target.width]);
      expectSame("predictions", predictions?.data as Float32Array, await predictor.predict(x, rows), 1e-5);
    }
    predictor.dispose();
    await session.release();
  });

  it("names its signature, with the batch as a dimension without a size", async () => {
    const { model } = zooNet("perceptron with dropout and penalties");
    const file = exportModel((rows) => predictionGraph(model, rows), initialParameters(model, 5));
    const session = await InferenceSession.create(file);
    expect(session.inputMetadata).toEqual([{ name: "x", isTensor: true, type: "float32", shape: ["batch", 6] }]);
    expect(session.outputMetadata).toEqual([
      { name: "predictions", isTensor: true, type: "float32", shape: ["batch", 3] },
    ]);
    await session.release();
  });

  it("is refused where parameters are missing", () => {
    const { model } = zooNet("perceptron with dropout and penalties");
    expect(() => exportModel((rows) => predictionGraph(model, rows), {})).toThrow(/Missing tensors: dense_0\/kernel/);
  });
});

describe("tracing for any batch size", () => {
  it("refuses a graph whose numbers depend on the size", () => {
    const mean = (rows: number) => graphOf({ x: [rows, 2] }, ({ x }) => tf.mul(x as tf.Tensor, 1 / rows));
    expect(() => traceSymbolic(mean)).toThrow(/cannot be compiled for any batch size: a constant/);
  });

  it("refuses a graph whose operations depend on the size", () => {
    const repeated = (rows: number) =>
      graphOf({ x: [rows, 2] }, ({ x }) =>
        Array.from({ length: rows }).reduce<tf.Tensor>((y) => tf.exp(y), x as tf.Tensor),
      );
    expect(() => traceSymbolic(repeated)).toThrow(/other operations at another size/);
  });

  it("leaves the compiled executor at a fixed size as it is", async () => {
    const { model } = zooNet("linear model");
    const predictor = createPredictor(model, initialParameters(model, 5), compiled);
    expect(await predictor.predict(new Float32Array(3 * 6), 3)).toHaveLength(3 * 3);
    predictor.dispose();
  });
});

import { Tensor } from "onnxruntime-node";
import { createPredictor } from "../../../src/engine/programs/predict.js";
import { toPredictions } from "../../../src/features/predictions.js";
import { encodeInputs } from "../../../src/features/preprocessing.js";
import { tableFromRows } from "../../../src/features/table.js";
import { hashBin, tokensOf } from "../../../src/features/values/tokens.js";
import type { ModelInput } from "../../../src/language/models/model.js";
import type { Prediction } from "../../../src/language/models/prediction.js";
import { eager } from "./compare.js";
import { namesInFile, type Row, type Untrained } from "./versions.js";

/** Raw rows as an ONNX file takes them. */
export function feeds({ features, model }: Untrained, rows: readonly Row[]): Record<string, Tensor> {
  return Object.fromEntries(
    features.map(({ name: feature, type, shape }) => {
      const input = model.inputs.find((candidate) => candidate.feature === feature) as ModelInput;
      const name = namesInFile.get(feature) ?? feature;
      const dims = [rows.length, ...(shape.length === 0 ? [1] : shape)];
      const values = rows.map((row) => row[feature] ?? nothing(input));
      if (type === "CATEGORY") return [name, new Tensor("string", values as string[], dims)];
      if (type === "TEXT" || type === "SEQUENCE" || type === "LABELS") return [name, elements(input, values)];
      if (type === "TIMESTAMP") {
        const seconds = values.map((value) => Date.parse(value as string) / 1000);
        return [name, new Tensor("float64", Float64Array.from(seconds), dims)];
      }
      const numbers = values.flat() as number[];
      if (type === "NUMBER" || type === "VECTOR")
        return [name, new Tensor("float64", Float64Array.from(numbers), dims)];
      return [name, new Tensor("float32", Float32Array.from(numbers), dims)];
    }),
  );
}

/** What stands for a missing value. */
function nothing({ type, shape }: ModelInput): unknown {
  if (type === "CATEGORY" || type === "TEXT") return "";
  if (type === "SEQUENCE" || type === "LABELS") return [];
  return shape.length === 0 ? Number.NaN : new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(Number.NaN);
}

/** Texts and sequences as whoever uses the file brings them there: in tokens, cut off and filled up. */
function elements({ type, shape, categories, vectorization, placement }: ModelInput, values: unknown[]): Tensor {
  const lists = values.map((value) => {
    const list = vectorization ? tokensOf(value as string, vectorization) : (value as unknown[]);
    const bins = vectorization?.hashBins;
    return bins ? list.map((token) => 1 + hashBin(token as string, bins)) : list;
  });
  const length = placement?.maxLength ?? Math.max(...lists.map((list) => list.length));
  const isHashed = typeof vectorization?.hashBins === "number";
  const isText = (type === "TEXT" && !isHashed) || categories.length > 0;
  const padding: unknown = isText
    ? ""
    : isHashed
      ? 0
      : shape.length === 0
        ? Number.NaN
        : shape.map(() => [NaN, NaN])[0];
  const placed = lists.flatMap((list) => {
    const kept = placement?.truncating === "PRE" ? list.slice(-length) : list.slice(0, length);
    const missing = new Array<unknown>(length - kept.length).fill(padding);
    return placement?.padding === "PRE" ? [...missing, ...kept] : [...kept, ...missing];
  });
  const dims = [values.length, length, ...shape];
  if (isText) return new Tensor("string", placed as string[], dims);
  if (isHashed) return new Tensor("int64", BigInt64Array.from(placed as number[], BigInt), dims);
  return new Tensor("float64", Float64Array.from(placed.flat() as number[]), dims);
}

/** What the network puts out for raw rows, eagerly. */
export async function rawOutputs(version: Untrained, rows: Row[]): Promise<Float32Array> {
  const { model, parameters, preprocessing, features } = version;
  const predictor = createPredictor(model, parameters, eager);
  const inputs = encodeInputs(model, preprocessing, tableFromRows(features, rows));
  const outputs = await predictor.predict(inputs, rows.length);
  predictor.dispose();
  return outputs;
}

/** What the platform itself predicts, eagerly. */
export async function predicted(version: Untrained, rows: Row[]): Promise<Prediction[]> {
  const outputs = await rawOutputs(version, rows);
  return toPredictions(version.model, version.preprocessing, outputs, rows.length) as Prediction[];
}

/** What the platform itself predicts, eagerly: the probabilities or values of all rows, and what it decides for each. */
export async function answers(version: Untrained, rows: Row[]): Promise<{ numbers: number[]; labels: unknown[] }> {
  const predictions = await predicted(version, rows);
  return {
    numbers: predictions.flatMap(
      ({ probabilities, value }) => probabilities?.map(({ probability }) => probability) ?? (value as number[]),
    ),
    labels: predictions.map(({ value }) => value),
  };
}

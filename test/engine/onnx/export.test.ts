import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it, test } from "vitest";
import { exportVersion } from "../../../src/engine/onnx/export.js";
import { createPredictor } from "../../../src/engine/predict.js";
import { type Prediction, toPredictions } from "../../../src/features/predictions.js";
import { encodeInputs } from "../../../src/features/preprocessing.js";
import { tableFromRows } from "../../../src/features/table.js";
import { eager, expectSame } from "./compare.js";
import { type Row, type Untrained, versionNamed, versions } from "./versions.js";

/** Raw rows as an ONNX file takes them. */
function feeds({ features }: Untrained, rows: readonly Row[]): Record<string, Tensor> {
  return Object.fromEntries(
    features.map(({ name, type, shape }) => {
      const dims = [rows.length, ...(shape.length === 0 ? [1] : shape)];
      const values = rows.flatMap((row) => row[name]);
      if (type === "CATEGORY") return [name, new Tensor("string", values as string[], dims)];
      return [name, new Tensor("float32", Float32Array.from(values as number[]), dims)];
    }),
  );
}

/** What the platform itself predicts, eagerly. */
async function predicted(version: Untrained, rows: Row[]): Promise<Prediction[]> {
  const { model, parameters, preprocessing, features } = version;
  const predictor = createPredictor(model, parameters, eager);
  const inputs = encodeInputs(model, preprocessing, tableFromRows(features, rows));
  const outputs = await predictor.predict(inputs, rows.length);
  predictor.dispose();
  return toPredictions(model, preprocessing, outputs, rows.length);
}

async function withSession<T>(version: Untrained, use: (session: InferenceSession) => Promise<T>): Promise<T> {
  const session = await InferenceSession.create(exportVersion(version));
  try {
    return await use(session);
  } finally {
    await session.release();
  }
}

const flags = "an image beside a vector and a number, for true or false";
const categories = "categories one-hot, as a code and embedded, for a number";
const numbers = "numbers by z-score, min-max and as they are, and flags";

describe("a version as an ONNX file", () => {
  test.each(versions)("answers raw rows as the platform does: $name", async (version) => {
    await withSession(version, async (session) => {
      for (const count of [1, 7, 1000]) {
        const rows = version.rows(count);
        const expected = await predicted(version, rows);
        const { probabilities, label, value, "output/value": renamed } = await session.run(feeds(version, rows));
        const numeric = (probabilities ?? value ?? renamed) as Tensor;
        const wanted = expected.flatMap((prediction) =>
          prediction.probabilities
            ? prediction.probabilities.map(({ probability }) => probability)
            : (prediction.value as number[]),
        );
        expectSame(version.name, numeric.data as Float32Array, wanted, 1e-5);
        if (label) {
          const labels = version.model.target.type === "BINARY" ? Array.from(label.data, Boolean) : [...label.data];
          expect(labels).toEqual(expected.map((prediction) => prediction.value));
        }
      }
    });
  });

  it("names its inputs by their features and its outputs by what they are, with any number of rows", async () => {
    await withSession(versionNamed(numbers), async ({ inputMetadata, outputMetadata }) => {
      const number = { isTensor: true, type: "float32", shape: ["batch", 1] };
      expect(inputMetadata).toEqual(["far", "narrow", "plain", "flag"].map((name) => ({ name, ...number })));
      expect(outputMetadata).toEqual([
        { name: "probabilities", isTensor: true, type: "float32", shape: ["batch", 3] },
        { name: "label", isTensor: true, type: "string", shape: ["batch"] },
      ]);
    });
    await withSession(versionNamed(categories), async ({ inputMetadata, outputMetadata }) => {
      expect(inputMetadata[0]).toEqual({ name: "one", isTensor: true, type: "string", shape: ["batch", 1] });
      expect(outputMetadata).toEqual([{ name: "value", isTensor: true, type: "float64", shape: ["batch", 1] }]);
    });
    await withSession(versionNamed(flags), async ({ outputMetadata }) => {
      expect(outputMetadata[1]).toEqual({ name: "label", isTensor: true, type: "bool", shape: ["batch"] });
    });
  });

  it("carries a description of its inputs and outputs", () => {
    const text = Buffer.from(exportVersion(versionNamed(numbers))).toString("latin1");
    const json = /perennial\.signature[^{]*(\{"format".*\]\})/s.exec(text)?.[1] ?? "";
    expect(JSON.parse(json)).toEqual({
      format: 1,
      inputs: [
        { name: "far", type: "NUMBER", elementType: "float32", shape: ["batch", 1] },
        { name: "narrow", type: "NUMBER", elementType: "float32", shape: ["batch", 1] },
        { name: "plain", type: "NUMBER", elementType: "float32", shape: ["batch", 1] },
        { name: "flag", type: "BINARY", elementType: "float32", shape: ["batch", 1] },
      ],
      outputs: [
        {
          ...{ name: "probabilities", answer: "probabilities", elementType: "float32", shape: ["batch", 3] },
          categories: ["a", "b", "c"],
        },
        { name: "label", answer: "label", elementType: "string", shape: ["batch"], categories: ["a", "b", "c"] },
      ],
    });
  });

  it("says nothing about a row with a category it does not know, and answers the others", async () => {
    const version = versionNamed(categories);
    await withSession(version, async (session) => {
      const rows = version.rows(3);
      const strange = rows.map((row, index) => (index === 1 ? { ...row, three: "z" } : row));
      const valuesOf = async (asked: Row[]) =>
        Array.from((await session.run(feeds(version, asked))).value?.data as Float64Array);
      const [first, , third] = await valuesOf(rows);
      expect(await valuesOf(strange)).toEqual([first, Number.NaN, third]);
    });
  });

  it("has the empty label where a number is none", async () => {
    const version = versionNamed(numbers);
    await withSession(version, async (session) => {
      const [row] = version.rows(1) as [Row];
      const { label, probabilities } = await session.run(feeds(version, [{ ...row, plain: Number.NaN }]));
      expect(label?.data).toEqual([""]);
      expect(Array.from(probabilities?.data as Float32Array)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    });
  });

  it("is the same, byte for byte, every time", () => {
    const version = versionNamed(categories);
    expect(Buffer.compare(exportVersion(version), exportVersion(version))).toBe(0);
  });

  it("is refused where parameters or preprocessing are another model's", () => {
    const version = versionNamed(numbers);
    expect(() => exportVersion({ ...version, parameters: {} })).toThrow(/Missing tensors: dense_0\/kernel/);
    const { preprocessing } = versionNamed(categories);
    expect(() => exportVersion({ ...version, preprocessing })).toThrow(/another model's: it lacks feature "far"/);
  });
});

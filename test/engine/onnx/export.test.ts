import { InferenceSession, type Tensor } from "onnxruntime-node";
import { describe, expect, it, test } from "vitest";
import { exportVersion } from "../../../src/engine/onnx/export/export.js";
import { rawShape } from "../../../src/engine/onnx/export/forms.js";
import { rawInputs } from "../../../src/engine/onnx/export/raw-inputs.js";
import type { Dimension } from "../../../src/engine/onnx/program/model.js";
import { serialize } from "../../../src/engine/onnx/program/serialize.js";
import { encodeInputs } from "../../../src/features/preprocessing.js";
import { tableFromRows } from "../../../src/features/table.js";
import { expectSame } from "./compare.js";
import { answers, feeds, predicted, rawOutputs } from "./raw-feeds.js";
import { namesInFile, type Row, type Untrained, versionNamed, versions } from "./versions.js";

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
const sequences = "sequences of vectors and of categories, by place and counted, beside a calendar, for a number";
const numbers = "numbers by z-score, min-max and as they are, and flags";

describe("a version as an ONNX file", () => {
  test.each(versions)("answers raw rows as the platform does: $name", async (version) => {
    await withSession(version, async (session) => {
      for (const count of [1, 7, 1000]) {
        const rows = version.rows(count);
        const expected = await answers(version, rows);
        const {
          probabilities,
          label,
          value,
          "output/value": renamed,
          "output/output/value": other,
        } = await session.run(feeds(version, rows));
        const numeric = (probabilities ?? value ?? renamed ?? other) as Tensor;
        expectSame(version.name, numeric.data as Float32Array, expected.numbers, 1e-5);
        if (label) {
          const labels = version.model.target.type === "BINARY" ? Array.from(label.data, Boolean) : [...label.data];
          expect(labels).toEqual(expected.labels);
        }
      }
    });
  });

  it("answers quantiles that do not cross, as the platform does", async () => {
    const version = versionNamed("quantiles of a number");
    await withSession(version, async (session) => {
      const rows = version.rows(100);
      const { "output/quantiles": quantiles, value } = await session.run(feeds(version, rows));
      expect(quantiles?.dims).toEqual([100, 4]);
      const expected = await predicted(version, rows);
      const numbers = Array.from(quantiles?.data as Float64Array);
      const values = expected.flatMap(({ quantiles }) => quantiles?.map(({ value }) => value) ?? []);
      expectSame(version.name, Float64Array.from(numbers), values, 1e-5);
      for (let row = 0; row < 100; row++) {
        const four = numbers.slice(4 * row, 4 * row + 4);
        expect(four).toEqual([...four].sort((a, b) => a - b));
        expect(value?.data[row]).toBe(four[2]);
      }
      // An untrained network does not know which output is which.
      const raw = await rawOutputs(version, rows);
      expect(raw.some((output, index) => index % 4 > 0 && output < (raw[index - 1] as number))).toBe(true);
    });
    const text = Buffer.from(exportVersion(version)).toString("latin1");
    const json = /perennial\.signature[^{]*(\{"format".*\]\})/s.exec(text)?.[1] ?? "";
    expect(JSON.parse(json).outputs).toEqual([
      { name: "value", answer: "value", elementType: "float64", shape: ["batch", 1] },
      {
        ...{ name: "output/quantiles", answer: "quantiles", elementType: "float64", shape: ["batch", 4] },
        quantiles: [0.05, 0.25, 0.5, 0.9],
      },
    ]);
  });

  it("answers the labels above one half; a label that is ignored changes nothing", async () => {
    const version = versionNamed("labels of labels");
    await withSession(version, async (session) => {
      const rows = version.rows(50);
      const expected = await predicted(version, rows);
      const { probabilities, "output/labels": none, labels } = await session.run(feeds(version, rows));
      expect(none).toBeUndefined();
      expect(probabilities?.dims).toEqual([50, 3]);
      const chosen = Array.from(labels?.data ?? [], Boolean);
      const named = rows.map((_, row) => ["x", "y", "z"].filter((_, label) => chosen[3 * row + label]));
      expect(named).toEqual(expected.map(({ value }) => value));
      expect(new Set(chosen).size).toBe(2);
      const odd = rows.map((row) => ({ ...row, tags: ["never", ...((row.tags as string[] | null) ?? [])] }));
      const again = await session.run(feeds(version, odd));
      expect(again.probabilities?.data).toEqual(probabilities?.data);
      const refused = await session.run(feeds(version, [{ genres: ["never"], tags: [] }]));
      expect(Array.from(refused.probabilities?.data as Float32Array)).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    });
  });

  it("answers with the threshold and temperature of the version", async () => {
    const version = versionNamed(flags);
    const rows = version.rows(1000);
    const { numbers, labels } = await answers(version, rows);
    const ofTrue = numbers.filter((_, index) => index % 2 === 1);
    // As many as possible are between one half and the threshold.
    const threshold = Math.fround([...ofTrue].sort((a, b) => a - b)[100] as number);
    const calibrating = (probability: number) => 1 / (1 + ((1 - probability) / probability) ** 0.5);
    const decision = { threshold: calibrating(threshold), temperature: 2 };
    const decided = { ...version, preprocessing: { ...version.preprocessing, decision } };
    await withSession(decided, async (session) => {
      const { probabilities, label } = await session.run(feeds(version, rows));
      const answered = Float32Array.from(probabilities?.data as Float32Array).filter((_, index) => index % 2 === 1);
      expectSame("probabilities", answered, ofTrue.map(calibrating), 1e-5);
      const found = Array.from(label?.data ?? [], Boolean);
      expect(found).toEqual([...answered].map((probability) => probability > Math.fround(decision.threshold)));
      expect(found.filter(Boolean).length).toBeGreaterThanOrEqual(895);
      expect(found).not.toEqual(labels);
    });
  });

  it("answers false where the probability is exactly one half, as the platform does", async () => {
    const version = versionNamed(flags);
    const zeros = Object.entries(version.parameters).map(([name, values]) => [name, new Float32Array(values.length)]);
    const undecided = { ...version, parameters: Object.fromEntries(zeros) };
    await withSession(undecided, async (session) => {
      const rows = version.rows(3);
      const { probabilities, label } = await session.run(feeds(version, rows));
      expect(new Set(probabilities?.data as Float32Array)).toEqual(new Set([0.5]));
      expect(Array.from(label?.data ?? [], Boolean)).toEqual([false, false, false]);
      expect((await answers(undecided, rows)).labels).toEqual([false, false, false]);
    });
  });

  test.each(versions)(
    "takes raw values to what the network takes: $name",
    async ({ name, model, preprocessing, rows }) => {
      const version = versionNamed(name);
      const program = rawInputs(model, preprocessing);
      const shapes = new Map<string, Dimension[]>(
        model.inputs.map((input) => [`feature/${input.feature}`, rawShape(input)]),
      );
      for (const output of program.outputs) {
        shapes.set(output.name, ["batch", ...(output.name === "x" ? model.inputShape : [1])]);
      }
      const session = await InferenceSession.create(serialize(program, { shapeOf: (value) => shapes.get(value) }));
      // The second row alone has no elements at all.
      for (const given of [rows(1), rows(2).slice(1), rows(7)]) {
        const named = feeds(version, given);
        const raw = model.inputs.map(({ feature }) => [
          `feature/${feature}`,
          named[namesInFile.get(feature) ?? feature] as Tensor,
        ]);
        const { x } = await session.run(Object.fromEntries(raw));
        expect(x?.dims).toEqual([given.length, ...model.inputShape]);
        const expected = encodeInputs(model, preprocessing, tableFromRows(version.features, given));
        expectSame(name, x?.data as Float32Array, expected, 1e-6);
      }
      await session.release();
    },
  );

  it("names its inputs by their features and its outputs by what they are, with any number of rows", async () => {
    await withSession(versionNamed(numbers), async ({ inputMetadata, outputMetadata }) => {
      const types = { far: "float64", narrow: "float64", plain: "float64", flag: "float32" };
      expect(inputMetadata).toEqual(
        Object.entries(types).map(([name, type]) => ({ name, isTensor: true, type, shape: ["batch", 1] })),
      );
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
        { name: "far", type: "NUMBER", elementType: "float64", shape: ["batch", 1] },
        { name: "narrow", type: "NUMBER", elementType: "float64", shape: ["batch", 1] },
        { name: "plain", type: "NUMBER", elementType: "float64", shape: ["batch", 1] },
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

  it("describes how texts and sequences become what it takes", () => {
    const signatureOf = (name: string) => {
      const text = Buffer.from(exportVersion(versionNamed(name))).toString("utf8");
      return JSON.parse(/perennial\.signature[^{]*(\{"format".*\]\})/s.exec(text)?.[1] ?? "").inputs;
    };
    expect(signatureOf("a text alone, averaged")).toEqual([
      {
        ...{ name: "review", type: "TEXT", elementType: "string", shape: ["batch", 5] },
        vectorization: {
          standardize: "LOWER_AND_STRIP_PUNCTUATION",
          split: "WHITESPACE",
          maxTokens: 9,
          hashBins: null,
        },
        placement: { maxLength: 5, padding: "PRE", truncating: "POST" },
      },
    ]);
    const types = [
      ["moves", "float64", ["batch", 3, 2]],
      ["raw", "float64", ["batch", 4]],
      ["steps", "string", ["batch", 5]],
      ["one", "string", ["batch", 3]],
      ["all", "string", ["batch", "all elements"]],
      ["sum", "string", ["batch", "sum elements"]],
      ["when", "float64", ["batch", 1]],
    ];
    const inputs: { name: string; elementType: string; shape: unknown }[] = signatureOf(sequences);
    expect(inputs.map(({ name, elementType, shape }) => [name, elementType, shape])).toEqual(types);
  });

  it("says nothing about a row with a sequence that holds a category it does not know", async () => {
    const version = versionNamed(sequences);
    await withSession(version, async (session) => {
      const rows = version.rows(3);
      const strange = rows.map((row, index) => (index === 2 ? { ...row, sum: ["red", "mauve"] } : row));
      const { value } = await session.run(feeds(version, strange));
      expect(Array.from(value?.data as Float64Array, Number.isNaN)).toEqual([false, false, true]);
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

import { readFile } from "node:fs/promises";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appendRows } from "../../src/datasets/append.js";
import { declareDataset } from "../../src/datasets/declare.js";
import { readDigits } from "../../src/demo/stage/digits.js";
import { Artifact, Evaluation, ModelVersion } from "../../src/entities/version.js";
import { declareModel } from "../../src/registry/declare-model.js";
import { declareOptimizer } from "../../src/registry/declare-optimizer.js";
import { train } from "../../src/runs/submit.js";
import { createPredictor, type Predictor } from "../../src/serving/predictor.js";
import { accepted, finished, openWorkbench, type Workbench } from "../support/workbench.js";

let bench: Workbench;
let predictor: Predictor;
beforeAll(async () => {
  bench = await openWorkbench();
  await bench.startWorker(2);
  predictor = createPredictor({
    ...bench,
    threadUrl: new URL("../../dist/serving/thread.js", import.meta.url),
  });
  await accepted(
    declareOptimizer(bench.db, { name: "adam", algorithm: { adam: {} }, learningRate: { constant: 0.01 } }),
  );
});
afterAll(async () => {
  await predictor?.close();
  await bench?.close();
});

async function trained(model: string, epochs: number, batchSize = 16) {
  const { runId } = await accepted(train(bench.db, { model, optimizer: "adam", epochs, batchSize, seed: 3 }));
  const run = await finished(bench.db, runId);
  expect(run).toMatchObject({ state: "SUCCEEDED", error: null, executor: "onnx-cpu-1" });
  const version = await bench.db.manager.findOneByOrFail(ModelVersion, { runId });
  const names = await bench.db.manager.findBy(Artifact, { versionId: version.id });
  expect(names.map(({ name }) => name).sort()).toEqual(["model.onnx", "weights.safetensors"]);
  const test = await bench.db.manager.findBy(Evaluation, { versionId: version.id, part: "test" });
  return { version, accuracy: test.find(({ name }) => name === "accuracy")?.value ?? 0 };
}

const examples = new URL("../../examples/", import.meta.url);

/** The invented reviews of the example. */
async function reviewRows(): Promise<Record<string, unknown>[]> {
  const request = JSON.parse(await readFile(new URL("reviews/append.json", examples), "utf8"));
  return request.variables.input.rows;
}

describe("a text classifier", () => {
  beforeAll(async () => {
    const features = [
      { name: "review", type: "TEXT" as const },
      { name: "mood", type: "CATEGORY" as const, categories: ["bad", "good"] },
    ];
    await accepted(declareDataset(bench.db, { name: "reviews", features, split: { train: 0.6 } }));
    await accepted(appendRows(bench.db, bench.store, { dataset: "reviews", rows: await reviewRows() }));
  });

  it("declared by nothing but its dataset, target and layers learns, and answers raw strings", async () => {
    const dense = [{ dense: { units: 8, activation: "RELU" as const } }];
    await accepted(declareModel(bench.db, { name: "moods", dataset: "reviews", target: "mood", layers: dense }));
    const { version, accuracy } = await trained("moods", 15);
    expect(accuracy).toBeGreaterThan(0.8);
    const asked = ["LOVED it, delicious!", "terrible, and cold", "perfect, wonderful 👍", "rude rude rude"];
    const answers = await predictor.predict(
      version.id,
      asked.map((review) => ({ review })),
    );
    expect(answers.map(({ value }) => value)).toEqual(["good", "bad", "good", "bad"]);
    // Nothing known, and nothing at all, are answered too.
    const odd = await predictor.predict(
      version.id,
      ["zzz", "", "🙃".repeat(500)].map((review) => ({ review })),
    );
    for (const { probabilities } of odd) expect(probabilities?.every(({ probability }) => probability > 0)).toBe(true);
  });

  it("can read its words in order with a recurrent layer", async () => {
    const preprocessing = [{ feature: "review", maxTokens: 200, maxLength: 12, dimensions: 8 }];
    const layers = [{ bidirectional: { layer: { gru: { units: 6 } } } }];
    const declaration = { name: "moods-in-order", dataset: "reviews", target: "mood", preprocessing, layers };
    await accepted(declareModel(bench.db, declaration));
    const { version, accuracy } = await trained("moods-in-order", 15);
    expect(accuracy).toBeGreaterThan(0.8);
    expect(version.preprocessing.inputs[0]).toMatchObject({ method: "VOCABULARY" });
  });

  it("needs no layers, and no vocabulary", async () => {
    const preprocessing = [{ feature: "review", method: "MULTI_HOT" as const, hashBins: 128 }];
    const declaration = { name: "moods-hashed", dataset: "reviews", target: "mood", preprocessing, layers: [] };
    await accepted(declareModel(bench.db, declaration));
    const { version, accuracy } = await trained("moods-hashed", 15);
    expect(accuracy).toBeGreaterThan(0.8);
    const [answer] = await predictor.predict(version.id, [{ review: "wonderful, friendly, delicious" }]);
    expect(answer?.value).toBe("good");
  });

  it("refuses to predict rows without texts, naming each", async () => {
    const version = await bench.db.manager.findOneByOrFail(ModelVersion, { modelName: "moods" });
    const rows = [{ review: "fine" }, { review: 5 }, {}];
    const problems = (await predictor.predict(version.id, rows)).map((answer) =>
      answer.problems.map(({ path }) => path),
    );
    expect(problems).toEqual([[], ["rows[1].review"], ["rows[2].review"]]);
    await expect(predictor.predict(version.id, rows.slice(1))).rejects.toMatchObject({
      code: "INVALID_ROWS",
      details: { problems: [{ path: "rows[0].review" }, { path: "rows[1].review" }] },
    });
  });
});

describe("a network for images", () => {
  /** Digits as files: grey, the ink white. */
  async function digitRows(count: number): Promise<{ picture: string; digit: string }[]> {
    const digits = await readDigits(new URL("digits/", examples));
    return Promise.all(
      digits.slice(0, count).map(async ({ pixels, digit }) => {
        const bytes = Buffer.from(pixels.map((ink) => ink * 15));
        const raw = { width: 8, height: 8, channels: 1 as const };
        const file = await sharp(bytes, { raw }).toColourspace("b-w").png().toBuffer();
        return { picture: file.toString("base64"), digit };
      }),
    );
  }

  it("learns digits from PNG files with convolutions, and answers files", async () => {
    const features = [
      { name: "picture", type: "IMAGE" as const, shape: [8, 8, 1] },
      { name: "digit", type: "CATEGORY" as const, categories: [..."0123456789"] },
    ];
    await accepted(declareDataset(bench.db, { name: "digits", features }));
    const rows = await digitRows(700);
    await accepted(appendRows(bench.db, bench.store, { dataset: "digits", rows }));
    const layers = [
      { conv2d: { filters: 8, kernelSize: [3], activation: "RELU" as const } },
      { maxPooling2d: {} },
      { flatten: {} },
      { dense: { units: 32, activation: "RELU" as const } },
    ];
    await accepted(declareModel(bench.db, { name: "digits-cnn", dataset: "digits", target: "digit", layers }));
    const { version, accuracy } = await trained("digits-cnn", 8, 32);
    expect(accuracy).toBeGreaterThan(0.85);
    const asked = rows.slice(0, 40);
    const answers = await predictor.predict(version.id, asked);
    const right = answers.filter(({ value }, index) => value === asked[index]?.digit).length;
    expect(right).toBeGreaterThan(36);
    // The numbers of the same picture give the same answer, and a damaged file none.
    const [{ picture } = { picture: "" }] = rows;
    const numbers = Array.from(await sharp(Buffer.from(picture, "base64")).toColourspace("b-w").raw().toBuffer());
    const alone = (picture: unknown) => predictor.predict(version.id, [{ picture }]);
    expect(await alone(numbers)).toEqual(await alone(picture));
    await expect(alone(picture.slice(0, 40))).rejects.toMatchObject({
      code: "INVALID_ROWS",
      details: { problems: [{ path: "rows[0].picture", code: "BAD_TYPE" }] },
    });
  });

  it("stores no row of an append in which one file is damaged, and says which", async () => {
    const rows = await digitRows(3);
    const damaged = rows.map((row, index) => (index === 1 ? { ...row, picture: `${row.picture.slice(0, 60)}` } : row));
    const { problems, result } = await appendRows(bench.db, bench.store, { dataset: "digits", rows: damaged });
    expect(result).toBeUndefined();
    expect(problems).toEqual([{ path: "rows[1].picture", code: "BAD_TYPE", message: "is a damaged PNG file." }]);
  });
});

describe("a network for sequences and times", () => {
  it("learns from sequences of any length what the hour does to them", async () => {
    const features = [
      { name: "readings", type: "SEQUENCE" as const },
      { name: "at", type: "TIMESTAMP" as const },
      { name: "alarm", type: "BINARY" as const },
    ];
    // What is high by night is no alarm.
    const rows = Array.from({ length: 240 }, (_, row) => {
      const isHigh = row % 2 === 0;
      const hour = (row * 7) % 24;
      const readings = Array.from({ length: 1 + (row % 5) }, (_, index) => (isHigh ? 8 : 2) + Math.sin(row + index));
      const at = new Date(Date.UTC(2026, 0, 1 + (row % 60), hour)).toISOString();
      return { readings, at, alarm: isHigh && hour >= 6 && hour < 18 };
    });
    await accepted(declareDataset(bench.db, { name: "alarms", features, split: { key: "at", train: 0.7 } }));
    await accepted(appendRows(bench.db, bench.store, { dataset: "alarms", rows }));
    const preprocessing = [{ feature: "readings", maxLength: 4 }];
    const layers = [{ dense: { units: 24, activation: "RELU" as const } }];
    await accepted(
      declareModel(bench.db, { name: "alarm", dataset: "alarms", target: "alarm", preprocessing, layers }),
    );
    const { version, accuracy } = await trained("alarm", 40);
    expect(accuracy).toBeGreaterThan(0.85);
    const asked = [
      { readings: [8, 8], at: "2026-02-01T13:00:00+01:00" },
      { readings: [8, 8], at: "2026-02-01T01:00:00+01:00" },
      { readings: [], at: "2026-02-01" },
    ];
    const answers = await predictor.predict(version.id, asked);
    expect(answers.slice(0, 2).map(({ value }) => value)).toEqual([true, false]);
  });
});

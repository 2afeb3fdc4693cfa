import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEagerExecutor } from "../../src/engine/eager/eager-executor.js";
import { encodeSafetensors } from "../../src/engine/files/safetensors.js";
import { encodeWeights, weightTensors } from "../../src/engine/files/weights.js";
import { initialParameters } from "../../src/engine/networks/state.js";
import { createPredictor as createNetwork } from "../../src/engine/programs/predict.js";
import { Model, ModelRevision } from "../../src/entities/model.js";
import { Artifact, ModelVersion } from "../../src/entities/version.js";
import { toPredictions } from "../../src/features/predictions.js";
import { encodeInputs, type FittedPreprocessing } from "../../src/features/preprocessing.js";
import { tableFromRows } from "../../src/features/table.js";
import type { ModelSpec } from "../../src/language/models/model.js";
import type { Prediction } from "../../src/language/models/prediction.js";
import { setAlias } from "../../src/registry/aliases.js";
import { train } from "../../src/runs/submit.js";
import { createPredictor, type Predictor } from "../../src/serving/predictor.js";
import { artifactKey } from "../../src/storage/keys.js";
import { storeArtifacts } from "../../src/trainer/artifacts.js";
import { registerVersions } from "../graphql/training.js";
import { accepted, cloudRows, declareClouds, openWorkbench, type Workbench } from "../support/workbench.js";

let bench: Workbench;
let predictor: Predictor;
let version: ModelVersion;
let model: ModelSpec;
const parametersSeed = 7;
const preprocessing: FittedPreprocessing = {
  format: 1,
  inputs: [
    { feature: "x", method: "Z_SCORE", mean: [2], standardDeviation: [1.7] },
    { feature: "y", method: "Z_SCORE", mean: [0.7], standardDeviation: [1.1] },
  ],
  target: { feature: "kind", method: "ONE_HOT" },
};

beforeAll(async () => {
  bench = await openWorkbench();
  await declareClouds(bench);
  await accepted(train(bench.db, { model: "kinds", optimizer: "adam", epochs: 1 }));
  const { manager } = bench.db;
  const { id: modelId } = await manager.findOneByOrFail(Model, { name: "kinds" });
  model = (await manager.findOneByOrFail(ModelRevision, { modelId })).spec as ModelSpec;
  [version] = (await registerVersions(bench.db, "kinds", 1)) as [ModelVersion];
  const parameters = initialParameters(model, parametersSeed);
  const run = { runId: version.runId, attempt: 1, model };
  const { artifacts } = await storeArtifacts(run, bench.store, { parameters, preprocessing }, () => {});
  await manager.update(ModelVersion, version.id, { preprocessing });
  await manager.delete(Artifact, { versionId: version.id });
  await manager.insert(
    Artifact,
    artifacts.map(({ key, ...artifact }) => ({ ...artifact, versionId: version.id, objectKey: key })),
  );
  predictor = createPredictor({
    db: bench.db,
    store: bench.store,
    threadUrl: new URL("../../dist/serving/thread.js", import.meta.url),
  });
});
afterAll(async () => {
  await predictor?.close();
  await bench?.close();
});

const asked = (count: number) => cloudRows(count).map(({ x, y }) => ({ x, y }));

/** The same, computed eagerly in this thread. */
async function expected(rows: Record<string, unknown>[]) {
  const network = createNetwork(model, initialParameters(model, parametersSeed), createEagerExecutor());
  const features = model.inputs.map(({ feature, ...input }) => ({ ...input, name: feature, description: "" }));
  const inputs = encodeInputs(model, preprocessing, tableFromRows(features, rows));
  return toPredictions(model, preprocessing, await network.predict(inputs, rows.length), rows.length) as Prediction[];
}

describe("serving", () => {
  it.each([1, 7, 1_000])("answers %i rows, compiled, as the eager executor does", async (count) => {
    const rows = asked(count);
    const answers: Prediction[] = (await predictor.predict(version.id, rows)) as Prediction[];
    const wanted = await expected(rows);
    expect(answers.map(({ value }) => value)).toEqual(wanted.map(({ value }) => value));
    const probabilities = (predictions: typeof answers) =>
      predictions.flatMap((prediction) => prediction.probabilities?.map(({ probability }) => probability));
    for (const [index, probability] of probabilities(answers).entries())
      expect(probability).toBeCloseTo(probabilities(wanted)[index] as number, 5);
  });

  it("answers requests that overlap, each its own rows", async () => {
    const rows = asked(20);
    const alone = await Promise.all(rows.map((row) => predictor.predict(version.id, [row])));
    const together = await predictor.predict(version.id, rows);
    expect(alone.map(([prediction]) => prediction?.value)).toEqual(together.map(({ value }) => value));
  });

  it("answers by reference with the version that it means at that moment", async () => {
    const move = (number: number) =>
      accepted(setAlias(bench.db, { model: "kinds", alias: "asked", version: number, reason: "test" }));
    const rows = asked(2);
    await move(version.number);
    const answered = { versionId: version.id, predictions: await predictor.predict(version.id, rows) };
    expect(await predictor.predictBy("kinds@asked", rows)).toEqual(answered);
    expect(await predictor.predictBy("kinds@asked", rows)).toEqual(answered);
    const [next] = (await registerVersions(bench.db, "kinds", 1)) as [ModelVersion];
    await move(next.number);
    // It has no weights of its own in the store: the version that was meant before must not answer in its place.
    await expect(predictor.predictBy("kinds@asked", rows)).rejects.toThrow();
    await move(version.number);
    expect(await predictor.predictBy("kinds@asked", rows)).toEqual(answered);
    await expect(predictor.predictBy("kinds@nobody", rows)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("refuses rows that do not fit, with every fault", async () => {
    const wrong = [{ x: 1 }, { x: "one", y: 2 }];
    await expect(predictor.predict(version.id, wrong)).rejects.toMatchObject({
      code: "INVALID_ROWS",
      details: { problems: [{ path: "rows[0].y" }, { path: "rows[1].x" }] },
    });
  });

  const foreign: [string, () => Buffer, RegExp][] = [
    ["another model's", () => encodeWeights([]), /no tensor "dense_0\/kernel"/],
    [
      "of another shape",
      () =>
        encodeWeights(
          weightTensors(model, initialParameters(model, 1)).map((tensor) => ({
            ...tensor,
            shape: [tensor.data.length],
          })),
        ),
      /is of shape/,
    ],
    ["of another format", () => encodeSafetensors([]), /its format is "none"/],
    ["no weights at all", () => Buffer.from("model"), /safetensors/],
  ];
  it.each(foreign)(
    "does not answer with weights that are %s, and goes on with the others",
    async (_name, file, reason) => {
      const [broken] = (await registerVersions(bench.db, "kinds", 1)) as [ModelVersion];
      const bytes = file();
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const { key } = await bench.store.put(artifactKey(broken.runId, 1, "weights.safetensors", sha256), bytes);
      await bench.db.manager.update(Artifact, { versionId: broken.id }, { objectKey: key, digest: `sha256:${sha256}` });
      const refusal = { code: "OBJECT_CORRUPT", message: expect.stringMatching(reason) };
      await expect(predictor.predict(broken.id, asked(1))).rejects.toMatchObject(refusal);
      expect(await predictor.predict(version.id, asked(1))).toHaveLength(1);
    },
  );

  it("does not answer with weights whose digest is not the one recorded", async () => {
    const [broken] = (await registerVersions(bench.db, "kinds", 1)) as [ModelVersion];
    const bytes = encodeWeights(weightTensors(model, initialParameters(model, 1)));
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const { key } = await bench.store.put(artifactKey(broken.runId, 1, "weights.safetensors", sha256), bytes);
    const digest = `sha256:${"0".repeat(64)}`;
    await bench.db.manager.update(Artifact, { versionId: broken.id }, { objectKey: key, digest });
    await expect(predictor.predict(broken.id, asked(1))).rejects.toMatchObject({ code: "OBJECT_CORRUPT" });
  });
});

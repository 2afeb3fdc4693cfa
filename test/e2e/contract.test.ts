import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PlatformProcess, removeData, startPlatformProcess } from "./platform-process.js";

const folder = new URL("../contract/", import.meta.url);

/** An operation of the contract, as written, with `$run` filled in. */
function operation(number: string, run?: string) {
  const file = readdirSync(folder).find((name) => name.startsWith(number) && name.endsWith(".graphql")) ?? number;
  const query = readFileSync(new URL(file, folder), "utf8");
  const variables = readFileSync(new URL(file.replace(".graphql", ".json"), folder), "utf8");
  return { query, variables: JSON.parse(variables.replaceAll("$run", run ?? "$run")) };
}

function irisRows() {
  const text = readFileSync(new URL("../../examples/iris/iris.csv", import.meta.url), "utf8");
  const [head = "", ...lines] = text.trim().split("\n");
  const classes = head.split(",").slice(2);
  return lines.map((line) => {
    const [sepal_length, sepal_width, petal_length, petal_width, kind = 0] = line.split(",").map(Number);
    return { sepal_length, sepal_width, petal_length, petal_width, species: classes[kind] };
  });
}

describe("the contract, operation by operation", () => {
  let platform: PlatformProcess;
  let run: string;
  beforeAll(async () => {
    platform = await startPlatformProcess();
  });
  afterAll(async () => {
    await platform?.stop();
    await removeData(platform);
  });

  async function send(number: string, variables?: unknown) {
    const { query, variables: written } = operation(number, run);
    const { status, body } = await platform.post(query, variables ?? written);
    expect(body.errors).toBeUndefined();
    expect(status).toBe(200);
    return body.data;
  }

  it("01 declares the dataset, and again changes nothing", async () => {
    const { declareDataset } = await send("01");
    expect(declareDataset).toMatchObject({
      changed: true,
      problems: [],
      dataset: { name: "iris", latestVersion: null },
    });
    expect((await send("01")).declareDataset).toMatchObject({ changed: false, problems: [] });
  });

  it("02 appends all rows once, however often it is sent with its key", async () => {
    const { variables } = operation("02");
    variables.input.rows = irisRows();
    const first = await send("02", variables);
    expect(first.appendRows).toMatchObject({ problems: [], version: { number: 1, rowCount: 150, addedRowCount: 150 } });
    expect(first.appendRows.version.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await send("02", variables)).toEqual(first);
  });

  it("03 and 04 declare model and optimizer", async () => {
    expect((await send("03")).declareModel).toMatchObject({
      ...{ changed: true, problems: [] },
      model: { name: "iris-species", revision: { number: 1, parameterCount: 403 } },
    });
    expect((await send("04")).declareOptimizer).toMatchObject({
      ...{ changed: true, problems: [] },
      optimizer: { name: "adam-decay", revision: { number: 1 } },
    });
  });

  it("05 and 06 train with live metrics: every point once, in order, over reconnects", async () => {
    const { train } = await send("05");
    expect(train.problems).toEqual([]);
    run = train.run.id;
    const points: { seq: number; name: string }[] = [];
    let after: string | undefined;
    let finished = false;
    for (let connection = 0; !finished; connection++) {
      const { query, variables } = operation("06", run);
      const subscription = platform.subscribe(query, { ...variables, after });
      let batches = 0;
      for await (const { data, errors } of subscription) {
        expect(errors).toBeUndefined();
        points.push(...data.runMetrics.points);
        after = data.runMetrics.cursor;
        finished = data.runMetrics.finished;
        // The first connections are cut after a batch each; the last one is left to its end.
        if (connection < 4 && ++batches === 1) break;
      }
    }
    expect(points.map((point) => point.seq)).toEqual(points.map((_, index) => index + 1));
    const names = new Set(points.map((point) => point.name));
    for (const name of ["loss", "epoch_loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"])
      expect(names).toContain(name);
  });

  it("07 tells the whole run", async () => {
    const { run: told } = await send("07");
    expect(told).toMatchObject({
      ...{ id: run, state: "SUCCEEDED", attempt: 1, error: null, version: { ref: "iris-species/1", number: 1 } },
      lineage: {
        datasetVersion: { number: 1 },
        modelRevision: { number: 1 },
        optimizerRevision: { number: 1 },
        parentVersion: null,
      },
    });
    expect(told.metrics.map((series: { name: string }) => series.name).sort()).toEqual(
      ["loss", "epoch_loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"].sort(),
    );
    for (const series of told.metrics) expect(series.points.length).toBeLessThanOrEqual(200);
    expect(told.checkpoints.nodes.length).toBeGreaterThan(0);
    expect(told.summary.find(({ name }: { name: string }) => name === "val_accuracy").value).toBeGreaterThan(0.8);
  });

  it("08 and 09 promote the version and describe it, with artifacts that anyone with the URL can fetch", async () => {
    expect((await send("08")).setAlias).toEqual({
      problems: [],
      alias: { name: "champion", version: { ref: "iris-species/1", number: 1 }, previous: null },
    });
    const { modelVersion } = await send("09");
    expect(modelVersion).toMatchObject({ ref: "iris-species/1", aliases: ["champion"], run: { id: run } });
    expect(modelVersion.signature.output).toEqual({
      name: "species",
      type: "CATEGORY",
      categories: ["setosa", "versicolor", "virginica"],
    });
    expect(modelVersion.evaluation).toContainEqual({ split: "TEST", name: "accuracy", value: expect.any(Number) });
    const [onnx, weights] = modelVersion.artifacts;
    expect([onnx.name, weights.name]).toEqual(["model.onnx", "weights.safetensors"]);
    const response = await fetch(weights.url);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.length).toBe(weights.sizeBytes);
    expect(`sha256:${createHash("sha256").update(bytes).digest("hex")}`).toBe(weights.digest);
    const forged = weights.url.replace(/(?<=signature=)./, (digit: string) => (digit === "0" ? "1" : "0"));
    expect((await fetch(forged)).status).toBe(403);
  });

  it("10 predicts from raw rows", async () => {
    const { predict } = await send("10");
    expect(predict.version.ref).toBe("iris-species/1");
    expect(predict.predictions[0].value).toBe("virginica");
    const total = predict.predictions[0].probabilities.reduce(
      (sum: number, { probability }: { probability: number }) => sum + probability,
      0,
    );
    expect(total).toBeCloseTo(1, 5);
  });

  it("11 and 12 keep it fresh: new rows start one fine-tune, and its verdict is an event", async () => {
    expect((await send("11")).declareRetraining).toMatchObject({
      ...{ changed: true, problems: [] },
      retraining: { name: "keep-iris-fresh", model: { name: "iris-species" }, enabled: true },
    });
    const { variables } = operation("02");
    variables.input = { dataset: "iris", idempotencyKey: "second-batch", rows: irisRows().slice(0, 20) };
    await send("02", variables);

    const kinds: string[] = [];
    const { query, variables: model } = operation("12");
    for await (const { data } of platform.subscribe(query, model)) {
      kinds.push(data.modelEvents.kind);
      if (kinds.length < 5) continue;
      expect(data.modelEvents).toMatchObject({ alias: "champion", reason: expect.stringContaining("accuracy") });
      break;
    }
    expect(kinds.slice(0, 4)).toEqual([
      "VERSION_REGISTERED",
      "ALIAS_MOVED",
      "RETRAINING_STARTED",
      "VERSION_REGISTERED",
    ]);
    expect(["ALIAS_MOVED", "PROMOTION_REFUSED"]).toContain(kinds[4]);
    const { body } = await platform.post("{ runs { totalCount } }");
    expect(body.data.runs.totalCount).toBe(2);
  });
});

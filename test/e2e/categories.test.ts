import { createHash } from "node:crypto";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../support/workbench.js";
import { clientOf } from "./client.js";
import { type PlatformProcess, removeData, startPlatformProcess } from "./platform-process.js";

/** Features without declared categories, as a client uses them: flights arrive month by month, each with new aircraft. */

let platform: PlatformProcess;
beforeAll(async () => {
  platform = await startPlatformProcess();
});
afterAll(async () => {
  await platform?.stop();
  await removeData(platform);
});

const { ask, send, accept } = clientOf(() => platform);

const hours = Array.from({ length: 24 }, (_, hour) => hour);
/** Aircraft N<month>00 to N<month>19 are new in a month; half of the flights are by those of January. */
function flights(month: number, count = 240): object[] {
  return Array.from({ length: count }, (_, index) => {
    const tail = `N${index % 2 === 0 ? 1 : month}${10 + (Math.floor(index / 2) % 20)}`;
    const hour = hours[(index * 7) % 24] as number;
    return {
      tail,
      hour,
      late: (tail.endsWith("0") ? 30 : 5) + hour,
      carrier: month > 2 && index % 40 === 1 ? "ZZ" : ["AA", "UA"][index % 2],
    };
  });
}

const append = (rows: object[], idempotencyKey?: string, dataset = "flights") =>
  send("appendRows", "AppendRowsInput", { dataset, rows, idempotencyKey }, "version { number digest rowCount }");

const feature = (name: string, dataset = "flights", selection = "categoryCount") =>
  ask(`query ($dataset: String!) { dataset(name: $dataset) { features { name ${selection} } } }`, { dataset }).then(
    // biome-ignore lint/suspicious/noExplicitAny: as above.
    ({ dataset: { features } }) => features.find((each: any) => each.name === name),
  );

async function train(input: object) {
  const { run } = await accept(
    "train",
    "TrainInput",
    { optimizer: "adam", epochs: 2, device: "CPU", ...input },
    "run { id }",
  );
  return ended(run.id);
}

async function ended(id: string) {
  const read = async () =>
    (
      await ask(
        "query ($id: ID!) { run(id: $id) { id state spec error { message } version { ref parameterCount } reproduction { agrees reason } events(first: 50) { nodes { kind message } } } }",
        { id },
      )
    ).run;
  await until(async () => ["SUCCEEDED", "FAILED"].includes((await read()).state));
  const run = await read();
  expect(run).toMatchObject({ state: "SUCCEEDED", error: null });
  return run;
}

const predict = async (model: string, rows: object[], selection = "value probabilities { category probability }") =>
  (
    await ask(
      `query ($model: String!, $rows: [JSONObject!]!) { predict(model: $model, rows: $rows) { predictions { ${selection} problems { code } } } }`,
      { model, rows },
    )
  ).predict.predictions;

describe("categories that a dataset keeps", () => {
  it("are listed as they arrive, by two appends at once, by none that is refused, and once by one that is repeated", async () => {
    const features = [
      { name: "tail", type: "CATEGORY" },
      { name: "hour", type: "NUMBER" },
      { name: "late", type: "NUMBER" },
      { name: "carrier", type: "CATEGORY" },
    ];
    await accept("declareDataset", "DeclareDatasetInput", {
      name: "flights",
      features,
      split: { train: 0.8, validation: 0.1, test: 0.1 },
    });
    expect(await feature("tail", "flights", "hasOpenCategories categoryCount categories")).toMatchObject({
      ...{ hasOpenCategories: true, categoryCount: 0, categories: [] },
    });
    const [first, again] = await Promise.all([append(flights(1), "january"), append(flights(1), "january")]);
    expect(first).toEqual(again);
    expect(first.version).toMatchObject({ number: 1, rowCount: 240 });

    const wrong = [...flights(9, 10), { tail: "x".repeat(257), hour: 1, late: 1, carrier: "" }];
    expect((await append(wrong)).problems).toMatchObject([
      { path: "rows[10].tail", code: "TOO_LONG" },
      { path: "rows[10].carrier", code: "EMPTY" },
    ]);
    const tail = await feature(
      "tail",
      "flights",
      "categoryCount categories categoryList(first: 2, after: null) { nodes { code value } totalCount pageInfo { endCursor hasNextPage } }",
    );
    expect(tail.categories).toEqual([...new Set(flights(1).map((row) => (row as { tail: string }).tail))]);
    expect(tail.categoryList.nodes).toEqual([
      { code: 0, value: "N110" },
      { code: 1, value: "N111" },
    ]);
    expect(tail.categoryList).toMatchObject({ totalCount: 20, pageInfo: { hasNextPage: true } });

    // Another dataset is appended to by eight clients at once.
    await accept("declareDataset", "DeclareDatasetInput", { name: "busy", features });
    const parts = Array.from({ length: 8 }, (_, part) => flights(part + 1, 40));
    for (const { problems } of await Promise.all(parts.map((rows) => append(rows, undefined, "busy"))))
      expect(problems).toEqual([]);
    const busy = await feature("tail", "busy", "categoryCount categories");
    expect(busy.categoryCount).toBe(new Set(parts.flat().map((row) => (row as { tail: string }).tail)).size);
    expect(new Set(busy.categories).size).toBe(busy.categoryCount);
  }, 60_000);

  it("train, predict what is new, export, reproduce and go on under a policy, month after month", async () => {
    await accept("declareOptimizer", "DeclareOptimizerInput", { name: "adam", algorithm: { adam: {} } });
    const layers = [{ dense: { units: 8, activation: "RELU" } }];
    const delays = { name: "delays", dataset: "flights", target: "late", layers };
    const declared = await accept(
      "declareModel",
      "DeclareModelInput",
      delays,
      "changed model { revision { number parameterCount spec } }",
    );
    // 20 aircraft, OTHER, the hour, two carriers, OTHER: 25 inputs.
    expect(declared.model.revision.parameterCount).toBe(25 * 8 + 8 + 8 + 1);
    expect(declared.model.revision.spec.inputs).toMatchObject([{ feature: "tail", categories: [] }, {}, {}]);
    expect((await accept("declareModel", "DeclareModelInput", delays, "changed")).changed).toBe(false);
    await accept("declareModel", "DeclareModelInput", {
      ...delays,
      name: "carriers",
      target: "carrier",
      inputs: ["tail", "hour"],
    });

    const run = await train({ model: "delays" });
    expect(run.spec.categories).toEqual([
      { feature: "tail", count: 20 },
      { feature: "carrier", count: 2 },
    ]);
    expect(run.version.parameterCount).toBe(25 * 8 + 8 + 8 + 1);
    await train({ model: "carriers" });
    await accept("setAlias", "SetAliasInput", { model: "delays", alias: "champion", version: 1 });
    await accept("setAlias", "SetAliasInput", { model: "carriers", alias: "champion", version: 1 });
    for (const model of ["delays", "carriers"])
      await accept("declareRetraining", "DeclareRetrainingInput", {
        ...{
          name: model,
          model,
          optimizer: "adam",
          when: { newRows: 200 },
          train: { fineTune: { from: "champion", epochs: 1 } },
        },
        promote: { alias: "champion", metric: model === "delays" ? "loss" : "accuracy", mustNotDropBy: 1000 },
      });

    // An aircraft that nobody has seen is OTHER, whatever its name; a known one is itself.
    const asked = [
      { tail: "N999", hour: 3, carrier: "AA" },
      { tail: "N998", hour: 3, carrier: "AA" },
      { tail: "N110", hour: 3, carrier: "AA" },
    ];
    const [one, other, known] = await predict("delays/1", asked, "value");
    expect(one.problems).toEqual([]);
    expect(one.value).toBe(other.value);
    expect(one.value).not.toBe(known.value);
    await agreesWithOnnx("delays/1", asked, [one.value, other.value, known.value]);

    for (const month of [2, 3]) {
      expect((await append(flights(month))).problems).toEqual([]);
      for (const model of ["delays", "carriers"]) {
        const number = month;
        const read = () =>
          ask(`query ($ref: String!) { modelVersion(ref: $ref) { run { id } } }`, { ref: `${model}/${number}` });
        await until(async () => (await read()).modelVersion !== null);
        const tuned = await ended((await read()).modelVersion.run.id);
        // A fine-tuned version knows what its weights know.
        expect(tuned.spec.categories[0]).toEqual({ feature: "tail", count: 20 });
        const skipped = tuned.events.nodes.filter(({ kind }: { kind: string }) => kind === "ROWS_SKIPPED");
        if (model === "carriers" && month === 3) {
          expect(skipped).toHaveLength(1);
          expect(skipped[0].message).toMatch(
            /^6 of the 720 rows are left out.*the target "carrier" must have one of the 2 categories/,
          );
        } else expect(skipped).toEqual([]);
      }
    }
    // From scratch, all aircraft so far: 60, and a third carrier. More than 50 are embedded.
    const fresh = await train({ model: "delays" });
    expect(fresh.spec.categories).toEqual([
      { feature: "tail", count: 60 },
      { feature: "carrier", count: 3 },
    ]);
    const vector = Math.round(1.6 * 60 ** 0.56);
    expect(fresh.version.parameterCount).toBe(61 * vector + (vector + 1 + 4) * 8 + 8 + 8 + 1);
    const signature = await ask(
      `query ($ref: String!) { modelVersion(ref: $ref) { signature { inputs { name categoryCount categories } } } }`,
      { ref: fresh.version.ref },
    );
    expect(signature.modelVersion.signature.inputs[0]).toMatchObject({ name: "tail", categoryCount: 60 });
    expect(signature.modelVersion.signature.inputs[0].categories[59]).toMatch(/^N3/);

    const { run: repeated } = await accept(
      "reproduceVersion",
      "ReproduceVersionInput",
      { ref: "delays/1" },
      "run { id }",
    );
    expect((await ended(repeated.id)).reproduction).toMatchObject({ agrees: true });
    const [top] = await predict(
      "carriers",
      [{ tail: "N110", hour: 3 }],
      "value probabilities(top: 1) { category probability } all: probabilities { category }",
    );
    expect(top.probabilities).toHaveLength(1);
    expect(top.probabilities[0].category).toBe(top.value);
    expect(top.all).toEqual([{ category: "AA" }, { category: "UA" }]);
  }, 180_000);
});

/** What onnxruntime alone answers from the file of a version. */
async function agreesWithOnnx(ref: string, rows: { tail: string; hour: number; carrier: string }[], values: number[]) {
  const { modelVersion } = await ask(
    "query ($ref: String!) { modelVersion(ref: $ref) { artifacts { name url digest } } }",
    { ref },
  );
  const { url, digest } = modelVersion.artifacts.find(({ name }: { name: string }) => name === "model.onnx");
  const file = new Uint8Array(await (await fetch(new URL(url, platform.url))).arrayBuffer());
  expect(`sha256:${createHash("sha256").update(file).digest("hex")}`).toBe(digest);
  const session = await InferenceSession.create(file);
  const answered = await session.run({
    tail: new Tensor(
      "string",
      rows.map(({ tail }) => tail),
      [rows.length, 1],
    ),
    carrier: new Tensor(
      "string",
      rows.map(({ carrier }) => carrier),
      [rows.length, 1],
    ),
    hour: new Tensor(
      "float64",
      rows.map(({ hour }) => hour),
      [rows.length, 1],
    ),
  });
  const numbers = [...((answered.value as Tensor).data as Float64Array)];
  for (const [index, value] of values.entries()) expect(numbers[index]).toBeCloseTo(value, 4);
}

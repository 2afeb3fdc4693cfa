import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../support/workbench.js";
import { clientOf } from "./client.js";
import { type PlatformProcess, removeData, startPlatformProcess } from "./platform-process.js";

/** A table with holes in features of every type, whose names are any text, as a client uses it over HTTP. */

let platform: PlatformProcess;
beforeAll(async () => {
  platform = await startPlatformProcess();
});
afterAll(async () => {
  await platform?.stop();
  await removeData(platform);
});

const { ask, send, accept } = clientOf(() => platform);

async function trained(input: object) {
  const { run } = await accept("train", "TrainInput", { optimizer: "adam", device: "CPU", ...input }, "run { id }");
  return ended(run.id);
}

async function ended(id: string) {
  const read = async () =>
    (
      await ask(
        "query ($id: ID!) { run(id: $id) { state error { message } version { ref } reproduction { agrees reason } events(first: 50) { nodes { kind message } } } }",
        { id },
      )
    ).run;
  await until(async () => ["SUCCEEDED", "FAILED"].includes((await read()).state));
  const run = await read();
  expect(run).toMatchObject({ state: "SUCCEEDED", error: null });
  return run;
}

const features = [
  { name: "row id", type: "TEXT" },
  { name: "größe (cm)", type: "NUMBER" },
  { name: "__proto__", type: "BINARY" },
  { name: "constructor", type: "CATEGORY", categories: ["a", "b"] },
  { name: "a.b", type: "VECTOR", shape: [2] },
  { name: "dense_0/kernel", type: "TEXT" },
  { name: "Seen", type: "TIMESTAMP" },
  { name: "seen", type: "SEQUENCE" },
  { name: "photo", type: "IMAGE", shape: [1, 2, 1] },
  { name: "y", type: "NUMBER" },
].map((feature) => ({ ...feature, nullable: true }));

/** A row as JSON has it: `{"__proto__": …}` in a literal would be something else. */
const row = (fields: [string, unknown][]): Record<string, unknown> => Object.fromEntries(fields);

/** Every value is missing in some rows, as null or as no field; `y` in every tenth. */
function rows(count: number, first = 0): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) => {
    const number = first + index;
    const values: [string, unknown][] = [
      ["row id", `row ${number}`],
      ["größe (cm)", number % 17],
      ["__proto__", number % 2 === 0],
      ["constructor", number % 3 === 0 ? "a" : "b"],
      ["a.b", [number % 5, 1]],
      ["dense_0/kernel", number % 2 === 0 ? "even row" : "odd row"],
      ["Seen", new Date(Date.UTC(2026, 0, 1 + number)).toISOString()],
      ["seen", [number % 4, 1]],
      ["photo", [number % 256, 3]],
    ];
    const kept = values.flatMap(([name, value], place): [string, unknown][] => {
      if ((number + place) % 4 !== 0) return [[name, value]];
      return number % 2 === 0 ? [[name, null]] : [];
    });
    return row([...kept, ["y", number % 10 === 0 ? null : number % 17]]);
  });
}

const predict = async (model: string, given: object[]) =>
  (
    await ask(
      "query ($model: String!, $rows: [JSONObject!]!) { predict(model: $model, rows: $rows) { predictions { value problems { path code } } } }",
      { model, rows: given },
    )
  ).predict.predictions;

describe("a table with holes", () => {
  it("is appended, trained on, predicted from, exported, extended, fine-tuned on and reproduced", async () => {
    await accept("declareOptimizer", "DeclareOptimizerInput", { name: "adam", algorithm: { adam: {} } });
    await accept("declareDataset", "DeclareDatasetInput", { name: "holes", features });
    const told = await ask('{ dataset(name: "holes") { features { name nullable } } }');
    expect(told.dataset.features).toEqual(features.map(({ name, nullable }) => ({ name, nullable })));
    const refused = await send("appendRows", "AppendRowsInput", {
      dataset: "holes",
      rows: [row([["a.b", 1]]), row([["__proto__", "maybe"]])],
    });
    expect(refused.problems).toEqual([
      { path: 'rows[0]["a.b"]', code: "BAD_TYPE", message: expect.any(String) },
      { path: "rows[1].__proto__", code: "BAD_TYPE", message: expect.any(String) },
    ]);
    await accept("appendRows", "AppendRowsInput", { dataset: "holes", rows: rows(200) });

    await accept("declareModel", "DeclareModelInput", {
      ...{ name: "filled", dataset: "holes", target: "y", inputsExcept: ["row id"] },
      preprocessing: [
        { feature: "photo", missing: "CONSTANT", missingValue: "0" },
        { feature: "dense_0/kernel", maxLength: 3 },
        { feature: "seen", maxLength: 3 },
      ],
      layers: [{ dense: { units: 4, activation: "TANH" } }],
    });
    const run = await trained({ model: "filled", epochs: 2 });
    const skipped = run.events.nodes.filter(({ kind }: { kind: string }) => kind === "ROWS_SKIPPED");
    expect(skipped).toHaveLength(1);
    expect(skipped[0].message).toMatch(/^20 of the 200 rows are left out.*the target "y" must have a value/);

    // Nothing at all, each value alone, and rows that were trained on.
    const [whole] = rows(1, 1000) as [Record<string, unknown>];
    const asked = [row([]), ...Object.entries(whole).map((field) => row([field])), ...rows(8, 1)];
    const predictions = await predict("filled/1", asked);
    for (const { value, problems } of predictions) expect([typeof value, problems]).toEqual(["number", []]);
    await agreesWithOnnx(
      asked,
      predictions.map(({ value }: { value: number }) => value),
    );

    // A model that refuses what is missing says so for a row, and fails; one that drops such rows does not fail.
    const strict = { dataset: "holes", target: "y", inputs: ["größe (cm)"], layers: [] };
    for (const missing of ["REFUSE", "DROP_ROW"]) {
      const preprocessing = [{ feature: "größe (cm)", missing }];
      await accept("declareModel", "DeclareModelInput", { ...strict, name: missing, preprocessing });
    }
    const dropped = await trained({ model: "DROP_ROW", epochs: 1 });
    expect(dropped.events.nodes.map(({ kind }: { kind: string }) => kind)).toContain("ROWS_SKIPPED");
    expect(await predict("DROP_ROW/1", [row([]), row([["größe (cm)", 3]])])).toMatchObject([
      { value: null, problems: [{ path: 'rows[0]["größe (cm)"]', code: "REQUIRED" }] },
      { problems: [] },
    ]);
    const { run: failing } = await accept(
      "train",
      "TrainInput",
      { model: "REFUSE", optimizer: "adam", device: "CPU", epochs: 1 },
      "run { id }",
    );
    const state = async () =>
      (await ask("query ($id: ID!) { run(id: $id) { state error { code message } } }", { id: failing.id })).run;
    await until(async () => (await state()).state === "FAILED");
    expect((await state()).error.code).toBe("INVALID_ROWS");

    // A row counts for a policy once its target is known.
    await accept("setAlias", "SetAliasInput", { model: "DROP_ROW", alias: "champion", version: 1 });
    await accept("declareRetraining", "DeclareRetrainingInput", {
      ...{ name: "fresh", model: "DROP_ROW", optimizer: "adam", when: { newRows: 30 } },
      train: { fineTune: { from: "champion", epochs: 1 } },
      promote: { alias: "champion", metric: "loss", mustNotDropBy: 1e6 },
    });

    // Nullable features may be added where there are rows; others may not, and none may go.
    const added = { name: "added later", type: "NUMBER", nullable: true };
    for (const wrong of [[...features, { ...added, nullable: false }], features.slice(1)]) {
      const { problems } = await send("declareDataset", "DeclareDatasetInput", { name: "holes", features: wrong });
      expect(problems).toEqual([{ path: "features", code: "DATASET_HAS_ROWS", message: expect.any(String) }]);
    }
    const extended = [...features.slice(0, 9), added, ...features.slice(9)];
    await accept("declareDataset", "DeclareDatasetInput", { name: "holes", features: extended });
    const later = rows(40, 200).map((fields, index) =>
      row([...Object.entries(fields), ...(index % 2 ? [["added later", index] as [string, unknown]] : [])]),
    );
    await accept("appendRows", "AppendRowsInput", { dataset: "holes", rows: later.slice(0, 30) });
    const tuned2 = () => ask('{ modelVersion(ref: "DROP_ROW/2") { ref } }');
    // Of 30 rows three have no target; a policy looks when rows come and every five seconds.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await tuned2()).modelVersion).toBeNull();
    await accept("appendRows", "AppendRowsInput", { dataset: "holes", rows: later.slice(30) });
    await until(async () => (await tuned2()).modelVersion !== null);
    await accept("declareModel", "DeclareModelInput", { ...strict, name: "wider", inputs: ["added later"] });
    await trained({ model: "wider", epochs: 1 });

    const tuned = await trained({ model: "filled", epochs: 1, initializeFrom: "filled/1" });
    expect(tuned.version.ref).toBe("filled/2");
    for (const ref of ["filled/1", "filled/2"]) {
      const { run: repeated } = await accept("reproduceVersion", "ReproduceVersionInput", { ref }, "run { id }");
      expect((await ended(repeated.id)).reproduction).toMatchObject({ agrees: true });
    }
  }, 180_000);
});

/** What onnxruntime alone answers: NaN stands for a missing number, "" for a missing category, token or element. */
async function agreesWithOnnx(given: Record<string, unknown>[], values: number[]) {
  const { modelVersion } = await ask('{ modelVersion(ref: "filled/1") { artifacts { name url } } }');
  const { url } = modelVersion.artifacts.find(({ name }: { name: string }) => name === "model.onnx");
  const file = new Uint8Array(await (await fetch(new URL(url, platform.url))).arrayBuffer());
  const session = await InferenceSession.create(file);
  const count = given.length;
  const read = (name: string, nothing: unknown) =>
    given.map((fields) => (Object.hasOwn(fields, name) ? (fields[name] ?? nothing) : nothing));
  const numbers = (name: string, width: number, ...shape: number[]) => ({
    data: read(name, new Array(width).fill(Number.NaN)).flat() as number[],
    shape: [count, ...shape],
  });
  const float64 = ({ data, shape }: ReturnType<typeof numbers>) =>
    new Tensor("float64", Float64Array.from(data), shape);
  const float32 = ({ data, shape }: ReturnType<typeof numbers>) =>
    new Tensor("float32", Float32Array.from(data, Number), shape);
  const instants = read("Seen", "never").map((text) => Date.parse(text as string) / 1000);
  const padded = (list: unknown[], padding: unknown) => [...new Array(3 - list.length).fill(padding), ...list];
  const words = read("dense_0/kernel", "").flatMap((text) => padded((text as string).split(" ").filter(Boolean), ""));
  const steps = read("seen", []).flatMap((list) => padded(list as number[], Number.NaN));
  const feeds = Object.fromEntries([
    ["größe (cm)", float64(numbers("größe (cm)", 1, 1))],
    ["__proto__", float32(numbers("__proto__", 1, 1))],
    ["constructor", new Tensor("string", read("constructor", "") as string[], [count, 1])],
    ["a.b", float64(numbers("a.b", 2, 2))],
    // The network has a parameter of this name.
    ["input/dense_0/kernel", new Tensor("string", words as string[], [count, 3])],
    ["Seen", new Tensor("float64", Float64Array.from(instants), [count, 1])],
    ["seen", new Tensor("float64", Float64Array.from(steps as number[]), [count, 3])],
    ["photo", float32(numbers("photo", 2, 1, 2, 1))],
  ]);
  const { value } = await session.run(feeds);
  const answers = [...((value as Tensor).data as Float64Array)];
  for (const [index, expected] of values.entries()) expect(answers[index]).toBeCloseTo(expected, 4);
}

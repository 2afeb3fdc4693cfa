import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { assignSplit } from "../../src/features/split.js";
import { type PlatformProcess, removeData, startPlatformProcess } from "./platform-process.js";

type Row = Record<string, unknown>;

const inputs = {
  declareDataset: "DeclareDatasetInput",
  appendRows: "AppendRowsInput",
  declareModel: "DeclareModelInput",
  declareOptimizer: "DeclareOptimizerInput",
  declareRetraining: "DeclareRetrainingInput",
  setAlias: "SetAliasInput",
  train: "TrainInput",
  reproduceVersion: "ReproduceVersionInput",
};
const fields: Partial<Record<keyof typeof inputs, string>> = {
  declareModel: "changed",
  train: "run { id }",
  reproduceVersion: "run { id }",
};

let platform: PlatformProcess;
beforeAll(async () => {
  platform = await startPlatformProcess();
  await send("declareOptimizer", { name: "adam", algorithm: { adam: {} } });
});
afterAll(async () => {
  await platform?.stop();
  await removeData(platform);
});

async function send(operation: keyof typeof inputs, input: object) {
  const selection = `problems { path code message } ${fields[operation] ?? ""}`;
  const { body } = await platform.post(
    `mutation($input: ${inputs[operation]}!) { done: ${operation}(input: $input) { ${selection} } }`,
    { input },
  );
  expect(body.errors).toBeUndefined();
  expect(body.data.done.problems).toEqual([]);
  return body.data.done;
}

async function ask(query: string, variables: object) {
  const { body } = await platform.post(query, variables);
  expect(body.errors).toBeUndefined();
  return body.data;
}

/** A run when it has ended, with its log. */
async function ended(runId: string) {
  for await (const _ of platform.subscribe("subscription($id: ID!) { runEvents(runId: $id) { kind } }", { id: runId }));
  const query = `query($id: ID!) { run(id: $id) {
    id state attempt error { code message } events { nodes { kind message } } reproduction { agrees }
    version { ref evaluation { split name value } } } }`;
  return (await ask(query, { id: runId })).run;
}

async function trained(model: string, input: object = {}) {
  const { run } = await send("train", { model, optimizer: "adam", epochs: 2, ...input });
  return ended(run.id);
}

const skipped = (run: { events: { nodes: { kind: string; message: string }[] } }): string[] =>
  run.events.nodes.filter(({ kind }) => kind === "ROWS_SKIPPED").map(({ message }) => message);

const split = { train: 0.6, validation: 0.2, test: 0.2, key: null, seed: 0 };
/** The first ordinals of a part. */
const ordinalsIn = (part: string, count = 2, size = 60) =>
  Array.from({ length: size }, (_, ordinal) => ordinal)
    .filter((ordinal) => assignSplit(split, ordinal) === part)
    .slice(0, count);

const number = (name: string) => ({ name, type: "NUMBER" });
const numbers = [number("x"), number("y"), number("w")];
const good = (row: number): Row => ({ x: row % 10, y: 1 + (row % 7), w: 1 });

/** Declares a dataset of sixty rows, of which those in `bad` have other values. */
async function declareRows(
  name: string,
  bad: ReadonlyMap<number, Row>,
  features: object[] = numbers,
  row: (ordinal: number) => Row = good,
) {
  const { train, validation, test } = split;
  await send("declareDataset", { name, features, split: { train, validation, test } });
  const rows = Array.from({ length: 60 }, (_, ordinal) => ({ ...row(ordinal), ...bad.get(ordinal) }));
  await send("appendRows", { dataset: name, rows });
}

interface Cause {
  name: string;
  part: "train" | "validation" | "test";
  model: object;
  bad: Row;
  says: string;
}

const embedding = {
  ...{ target: "y", inputs: ["x"], preprocessing: [{ feature: "x", method: "NONE" }] },
  layers: [{ embedding: { inputDim: 10, outputDim: 2 } }, { flatten: {} }],
};
const plain = { target: "y", inputs: ["x"], layers: [] };
const causes: Cause[] = [
  {
    ...{ name: "negative_weight", part: "train", bad: { w: -1 }, says: 'the weight "w" must be at least 0' },
    model: { ...plain, sampleWeight: "w" },
  },
  {
    ...{ name: "poisson", part: "train", bad: { y: -1 }, says: 'the target "y" must be 0 or more for POISSON' },
    model: { ...plain, loss: { type: "POISSON" } },
  },
  {
    ...{ name: "foreign_id", part: "test", bad: { x: 10 }, says: 'feature "x" must be a whole number from 0 to 9' },
    model: embedding,
  },
];

describe.each(causes)("a row that a model cannot use: $name in the $part part", ({ name, part, model, bad, says }) => {
  const ordinals = ordinalsIn(part);

  it("fails the run at once, and names itself by its ordinal", async () => {
    const rows = new Map(ordinals.map((ordinal) => [ordinal, bad]));
    await declareRows(name, rows);
    await send("declareModel", { name, dataset: name, ...model });
    const run = await trained(name);
    expect(run).toMatchObject({ state: "FAILED", attempt: 1, version: null, error: { code: "INVALID_ROWS" } });
    expect(run.error.message).toContain(`2 of the 60 rows cannot be used`);
    expect(run.error.message).toContain(`row ${ordinals[0]} (by its ordinal in the dataset, from 0)`);
    expect(run.error.message).toContain(says);
    expect(run.error.message).toContain(`Their ordinals: ${ordinals[0]} and ${ordinals[1]}.`);
    expect(run.error.message).toContain("`invalidRows: SKIP`");
    expect(skipped(run)).toEqual([]);
  });

  it("is left out and counted where the model declares SKIP", async () => {
    const { changed } = await send("declareModel", { name, dataset: name, ...model, invalidRows: "SKIP" });
    expect(changed).toBe(true);
    const run = await trained(name);
    expect(run).toMatchObject({ state: "SUCCEEDED", attempt: 1, error: null });
    const [message, ...others] = skipped(run);
    expect(others).toEqual([]);
    expect(message).toContain(`2 of the 60 rows are left out`);
    expect(message).toContain(says);
    expect(message).toMatch(new RegExp(`Left out: .*2 of ${part}`));
    for (const { value } of run.version.evaluation) expect(Number.isFinite(value)).toBe(true);
  });
});

describe("a model that skips rows", () => {
  it("is the same declaration as before where it says REFUSE, or nothing", async () => {
    await declareRows("sound", new Map());
    const declaration = { name: "sound", dataset: "sound", ...plain };
    expect((await send("declareModel", declaration)).changed).toBe(true);
    expect((await send("declareModel", { ...declaration, invalidRows: "REFUSE" })).changed).toBe(false);
    expect((await send("declareModel", { ...declaration, invalidRows: null })).changed).toBe(false);
    const { model } = await ask(`{ model(name: "sound") { revision { spec } } }`, {});
    expect(Object.keys(model.revision.spec)).not.toContain("invalidRows");
  });

  it("fails with the number of rows where none is left to train on", async () => {
    await declareRows("spoiled", new Map(ordinalsIn("train", 60).map((ordinal) => [ordinal, { w: -2 }])));
    await send("declareModel", {
      ...{ name: "spoiled", dataset: "spoiled", ...plain },
      ...{ sampleWeight: "w", invalidRows: "SKIP" },
    });
    const run = await trained("spoiled");
    expect(run).toMatchObject({ state: "FAILED", attempt: 1, error: { code: "INVALID_ROWS" } });
    expect(run.error.message).toContain("no training row is left");
    expect(run.error.message).toContain(`${ordinalsIn("train", 60).length} of the 60 rows`);
  });

  it("fails where no validation row is left and early stopping monitors them", async () => {
    await declareRows("blind", new Map(ordinalsIn("validation", 60).map((ordinal) => [ordinal, { w: -2 }])));
    const model = { name: "blind", dataset: "blind", ...plain, sampleWeight: "w", invalidRows: "SKIP" };
    await send("declareModel", model);
    expect(await trained("blind")).toMatchObject({ state: "SUCCEEDED" });
    const run = await trained("blind", { earlyStopping: { patience: 1 } });
    expect(run.error).toMatchObject({ code: "INVALID_ROWS" });
    expect(run.error.message).toContain("no validation row is left to measure val_loss on");
  });

  it("makes versions that are reproduced bit for bit", async () => {
    const { run } = await send("reproduceVersion", { ref: "poisson" });
    expect(await ended(run.id)).toMatchObject({ state: "SUCCEEDED", reproduction: { agrees: true } });
  });
});

describe("a row whose numbers become infinite by the scaling that a version was trained with", () => {
  it.each(["REFUSE", "SKIP"])("is found before a fine-tune of that version begins: %s", async (invalidRows) => {
    const name = `scaled_${invalidRows}`;
    const small = (ordinal: number): Row => ({ x: (ordinal % 10) / 1e6, y: ordinal % 7, w: 1 });
    await declareRows(name, new Map(), numbers, small);
    await send("declareModel", { name, dataset: name, ...plain, invalidRows });
    await trained(name);
    await send("appendRows", { dataset: name, rows: [{ ...small(60), x: 3e38 }] });
    const run = await trained(name, { initializeFrom: `${name}/1` });
    const says = 'feature "x" must be finite in 32-bit floats when scaled, and is 3e+38';
    if (invalidRows === "SKIP") expect(skipped(run)).toEqual([expect.stringContaining(says)]);
    else expect(run.error).toMatchObject({ code: "INVALID_ROWS", message: expect.stringContaining(says) });
    expect(run.state).toBe(invalidRows === "SKIP" ? "SUCCEEDED" : "FAILED");
  });
});

describe("a retraining policy that meets such a row", () => {
  const features = [number("x"), number("y")];
  const name = "fresh";
  const append = (start: number, count: number, bad: Row = {}) =>
    send("appendRows", {
      dataset: name,
      rows: Array.from({ length: count }, (_, index) => {
        const { x, y } = good(start + index);
        return { x, y, ...(index === 0 && bad) };
      }),
    });
  const model = { name, dataset: name, target: "y", layers: [], loss: { type: "POISSON" } };
  const modelEvents = async function* () {
    const query = "subscription($model: String!) { modelEvents(model: $model) { kind reason run { id } } }";
    for await (const { data } of platform.subscribe(query, { model: name })) yield data.modelEvents;
  };

  it("says so as the reason of RETRAINING_FAILED, and goes on when the model is declared to skip it", async () => {
    await send("declareDataset", { name, features, split: { train: 0.6, validation: 0.2, test: 0.2 } });
    await append(0, 60);
    await send("declareModel", model);
    await trained(name);
    await send("setAlias", { model: name, alias: "champion", version: 1 });
    await send("declareRetraining", {
      ...{ name, model: name, optimizer: "adam", when: { newRows: 20 } },
      train: { fineTune: { from: "champion", epochs: 1 } },
      promote: { alias: "champion", metric: "loss", mustNotDropBy: 1e6 },
    });
    await append(60, 20, { y: -3 });
    const events = modelEvents();
    const next = async (kind: string) => {
      for await (const event of { [Symbol.asyncIterator]: () => ({ next: () => events.next() }) })
        if (event.kind === kind) return event;
      throw new Error(`there was no ${kind}`);
    };
    const failed = await next("RETRAINING_FAILED");
    expect(failed.reason).toMatch(/^INVALID_ROWS: 1 of the 80 rows cannot be used.*row 60 /);
    expect(await ended(failed.run.id)).toMatchObject({ state: "FAILED", attempt: 1 });

    await send("declareModel", { ...model, invalidRows: "SKIP" });
    await append(80, 20);
    await next("RETRAINING_STARTED");
    const registered = await next("VERSION_REGISTERED");
    expect((await next("ALIAS_MOVED")).run.id).toBe(registered.run.id);
    expect(skipped(await ended(registered.run.id))).toEqual([expect.stringContaining("1 of the 100 rows")]);
    await events.return();
  });

  it("lets weights of before be a start after it, since nothing else has changed", async () => {
    expect(await trained(name, { initializeFrom: `${name}/1` })).toMatchObject({ state: "SUCCEEDED" });
  });
});

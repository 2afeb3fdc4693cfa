import { type GraphQLObjectType, getNamedType, isLeafType, isObjectType } from "graphql";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createSchema } from "../../src/graphql/schema.js";
import { type Api, contract, declareIris, irisRows } from "../graphql/api.js";
import { registerVersions } from "../graphql/training.js";
import { first, type TcpProxy } from "../support/tcp-proxy.js";
import { openApiThroughProxy } from "./proxied.js";

let api: Api;
let proxy: TcpProxy;
beforeAll(async () => {
  ({ api, proxy } = await openApiThroughProxy());
  await declareIris(api);
  await registerVersions(api.platform.db, "iris-species", 2);
});
afterAll(async () => {
  await api?.close();
});
beforeEach(() => void proxy.loseAnswers(() => false));

const fromContract = async (name: string) => (await contract(name)).variables.input as Record<string, unknown>;
const train = async (seed: number) => ({ ...(await fromContract("05-train")), seed });
/** The id of a run that something is to be done with. */
const runOf = async (n: number): Promise<string> => (await ask("train", await train(1_000 + n))).answer.run.id;

/** The id of a load in parts that has begun. */
const appendOf = async (): Promise<string> => (await ask("beginAppend", { dataset: "iris" })).answer.append.id;

/** The id of an upload whose bytes nobody reads. */
const uploadOf = async (n: number): Promise<string> => {
  const { id } = (await ask("createUpload", { fileName: `${n}.csv` })).answer.upload;
  const bytes = "object_key = $1, size_bytes = 1, sha256 = 'none'";
  await api.platform.db.query(`UPDATE upload SET ${bytes} WHERE id = $1`, [id]);
  return id;
};

/** The input of each mutation; of each n another one, which has its effect but once. */
const cases: Record<string, (n: number) => Promise<object>> = {
  declareDataset: async (n) => ({ ...(await fromContract("01-declare-dataset")), name: `flowers-${n}` }),
  appendRows: async (n) => ({ dataset: "iris", rows: irisRows(2, 1_000 + n) }),
  declareModel: async (n) => ({ ...(await fromContract("03-declare-model")), name: `model-${n}` }),
  declareOptimizer: async (n) => ({ ...(await fromContract("04-declare-optimizer")), name: `optimizer-${n}` }),
  declareRetraining: async (n) => ({ ...(await fromContract("11-declare-retraining")), name: `policy-${n}` }),
  train,
  pauseRun: async (n) => ({ runId: await runOf(n) }),
  resumeRun: async (n) => {
    const runId = await runOf(n);
    await ask("pauseRun", { runId });
    return { runId };
  },
  cancelRun: async (n) => ({ runId: await runOf(n) }),
  retryRun: async (n) => {
    const runId = await runOf(n);
    await ask("cancelRun", { runId });
    return { runId };
  },
  reproduceVersion: async () => ({ ref: "iris-species/1" }),
  setAlias: async (n) => ({ model: "iris-species", alias: `alias-${n}`, version: 1 }),
  deleteAlias: async (n) => {
    await ask("setAlias", { model: "iris-species", alias: `doomed-${n}`, version: 1 });
    return { model: "iris-species", alias: `doomed-${n}` };
  },
  beginAppend: async () => ({ dataset: "iris" }),
  commitAppend: async (n) => {
    const append = await appendOf();
    await ask("appendRows", { append, rows: irisRows(2, 2_000 + n) });
    return { append };
  },
  abortAppend: async () => ({ append: await appendOf() }),
  createUpload: async (n) => ({ fileName: `rows-${n}.csv` }),
  importUpload: async (n) => ({ dataset: "iris", upload: await uploadOf(n) }),
  cancelImport: async (n) => {
    const { answer } = await ask("importUpload", { dataset: "iris", upload: await uploadOf(n) });
    return { id: answer.import.id };
  },
  exportDataset: async (n) => ({ dataset: "iris", version: 1, format: (["CSV", "NDJSON", "PARQUET"] as const)[n % 3] }),
  cancelExport: async (n) => {
    const { answer } = await ask("exportDataset", { dataset: "iris", format: n % 2 === 0 ? "CSV" : "NDJSON" });
    return { id: answer.export.id };
  },
  collectGarbage: async () => ({ dryRun: true }),
  tagVersion: async (n) => ({ version: "iris-species/1", key: `key-${n}`, value: "value" }),
};

const mutations = createSchema().getMutationType()?.getFields() ?? {};

/** What a client can see of an answer, without what other answers change. */
function selection(type: GraphQLObjectType): string {
  const fields = Object.values(type.getFields()).map(({ name, type: wrapped }) => {
    const inner = getNamedType(wrapped);
    if (isLeafType(inner)) return name;
    const names = isObjectType(inner) ? Object.keys(inner.getFields()) : [];
    return `${name} { ${["id", "code", "name", "count"].find((key) => names.includes(key))} }`;
  });
  return fields.join(" ");
}

async function ask(name: string, input: object) {
  const field = mutations[name];
  const { data, errors } = await api.ask(
    `mutation ($input: ${field?.args[0]?.type}) { answer: ${name}(input: $input) { ${selection(getNamedType(field?.type) as GraphQLObjectType)} } }`,
    { input },
  );
  return { answer: data?.answer, errors };
}

/** How many rows each table has, and how many entries each history. */
async function effects(): Promise<Record<string, number>> {
  const { db } = api.platform;
  const tables = db.entityMetadatas.map(({ tableName }) => tableName);
  const counts = tables.map((table) => `(SELECT count(*)::int FROM "${table}") AS "${table}"`);
  const [row] = await db.query<Record<string, number>[]>(
    `SELECT ${counts.join(", ")}, (SELECT sum(event_head)::int FROM run) AS run_events,
       (SELECT sum(event_head)::int FROM model) AS model_events, (SELECT count(*)::int FROM idempotency_key) AS keys`,
  );
  return row ?? {};
}

function difference(before: Record<string, number>, after: Record<string, number>) {
  const changes = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(changes.filter(([, change]) => change !== 0));
}

/** Ids differ from one effect to the next; everything else does not. */
const withoutNames = (answer: unknown) =>
  JSON.parse(JSON.stringify(answer, (key, value) => (key === "id" || key === "name" ? "" : value)));

it("every mutation of the schema is among those tested here", () => {
  expect(Object.keys(cases).sort()).toEqual(Object.keys(mutations).sort());
});

describe.each(Object.entries(cases))("%s, with an idempotencyKey", (name, inputOf) => {
  const key = (n: number) => ({ idempotencyKey: `${name}-${n}` });

  it("whose COMMIT's answer is lost is answered as ever, has one effect, and the same answer when it is sent again", async () => {
    const calmInput = { ...(await inputOf(1)), ...key(1) };
    const start = await effects();
    const calm = await ask(name, calmInput);
    const effect = difference(start, await effects());
    expect(calm.errors).toBeUndefined();
    expect(effect).toMatchObject({ keys: 1 });

    const input = { ...(await inputOf(2)), ...key(2) };
    const before = await effects();
    const lost = proxy.loseAnswers(first(1, /^COMMIT/));
    const ambiguous = await ask(name, input);
    expect(lost()).toBe(1);
    expect(ambiguous.errors).toBeUndefined();
    expect(withoutNames(ambiguous.answer)).toEqual(withoutNames(calm.answer));
    expect(difference(before, await effects())).toEqual(effect);
    expect(await ask(name, input)).toEqual(ambiguous);
    expect(difference(before, await effects())).toEqual(effect);
  });
});

describe("where every answer to a COMMIT is lost, for longer than the platform tries", () => {
  it("each mutation is DATABASE_UNAVAILABLE, and sent again later has had one effect", async () => {
    const inputs: [string, object][] = [];
    for (const [name, inputOf] of Object.entries(cases))
      inputs.push([name, { ...(await inputOf(3)), idempotencyKey: `${name}-3` }]);
    const before = await effects();
    const lost = proxy.loseAnswers((request) => request.startsWith("COMMIT"));
    const unanswered = await Promise.all(inputs.map(([name, input]) => ask(name, input)));
    for (const { errors } of unanswered) expect(errors?.[0]?.extensions?.code).toBe("DATABASE_UNAVAILABLE");
    expect(lost()).toBeGreaterThan(inputs.length);

    proxy.loseAnswers(() => false);
    const answers = await Promise.all(inputs.map(([name, input]) => ask(name, input)));
    for (const { errors, answer } of answers) expect([errors, answer?.problems]).toEqual([undefined, []]);
    const effect = difference(before, await effects());
    expect(effect).toMatchObject({
      keys: inputs.length,
      dataset: 1,
      dataset_version: 2,
      model: 1,
      optimizer: 1,
      run: 3,
    });
    expect(await Promise.all(inputs.map(([name, input]) => ask(name, input)))).toEqual(answers);
    expect(difference(before, await effects())).toEqual(effect);
  });
});

describe("a mutation without an idempotencyKey", () => {
  it("whose COMMIT's answer is lost is not repeated: DATABASE_UNAVAILABLE, and at most one effect", async () => {
    const input = await train(4);
    const before = await effects();
    proxy.loseAnswers(first(1, /^COMMIT/));
    expect((await ask("train", input)).errors?.[0]).toMatchObject({
      message: expect.stringContaining("idempotencyKey"),
      extensions: { code: "DATABASE_UNAVAILABLE" },
    });
    expect(difference(before, await effects())).toEqual({ run: 1, run_event: 1, run_events: 1 });
  });

  it("whose connection is lost before COMMIT was sent is repeated: nothing had been stored", async () => {
    const input = await train(5);
    const before = await effects();
    const lost = proxy.loseAnswers(first(1, /^INSERT INTO "run"/));
    expect(await ask("train", input)).toMatchObject({ answer: { problems: [], run: { id: expect.any(String) } } });
    expect(lost()).toBe(1);
    expect(difference(before, await effects())).toEqual({ run: 1, run_event: 1, run_events: 1 });
  });
});

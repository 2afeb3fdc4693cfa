import type { ExecutionResult } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Access, Session } from "../../src/db/session.js";
import { transactOnce, workOnce } from "../../src/db/transaction.js";
import { type Actor, operator, policy, readActor, system, writeActor } from "../../src/entities/actor.js";
import { createContext } from "../../src/graphql/context/context.js";
import { createSchema } from "../../src/graphql/schema.js";
import { createOutbox } from "../../src/transport/backpressure.js";
import { createExecutor } from "../../src/transport/execute.js";
import { type Answer, type Api, contract, irisRows, openApi } from "./api.js";
import { registerVersions } from "./training.js";
import { startApiServer, transports } from "./transports.js";

/** Somebody beside the operator, as a second key would name them. */
const somebody: Actor = { kind: "OPERATOR", id: "somebody" };

let api: Api;
let contexts = 0;
const signal = new AbortController().signal;
const schema = createSchema();
const executor = createExecutor(schema, (request) => {
  contexts += 1;
  return createContext(api.platform, request);
});

/** Runs an operation as an actor. */
async function run(actor: Actor, query: string, variables: Record<string, unknown> = {}) {
  const request = { transport: "websocket" as const, actor, headers: {}, remoteAddress: undefined, signal };
  const operation = executor.prepare({ query, variables }, request, createOutbox());
  if (!("document" in operation)) throw new Error(JSON.stringify(operation));
  return executor.run(operation);
}
const ask = async (actor: Actor, query: string, variables?: Record<string, unknown>): Promise<Answer> =>
  JSON.parse(JSON.stringify((await run(actor, query, variables)) as ExecutionResult));

/** The payload of a mutation, which must have been carried out. */
async function mutate(actor: Actor, name: string, input: object, selection = "") {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const { data, errors } = await ask(
    actor,
    `mutation ($input: ${type}!) { ${name}(input: $input) { problems { path message } ${selection} } }`,
    { input },
  );
  expect(errors).toBeUndefined();
  expect(data[name].problems).toEqual([]);
  return data[name];
}

const input = async (name: string) => (await contract(name)).variables.input as Record<string, unknown>;

beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const actorsOf = async (table: string, where = "true"): Promise<string[]> => {
  const rows = await api.platform.db.query<{ actor: string }[]>(
    `SELECT DISTINCT actor FROM ${table} WHERE ${where} ORDER BY actor`,
  );
  return rows.map(({ actor }) => actor);
};

describe("every mutation", () => {
  const mine = "OPERATOR:somebody";
  let runId: string;
  let appendId: string;
  let uploadId: string;
  let importId: string;
  let exportId: string;

  /** What each mutation does, and the rows that it writes or changes: in which table, and which of them. */
  const steps: Record<string, { act: () => Promise<unknown>; writes: [table: string, where?: string][] }> = {
    declareDataset: {
      act: async () => mutate(somebody, "declareDataset", await input("01-declare-dataset")),
      writes: [["dataset"], ["dataset_event", "kind = 'DECLARED'"]],
    },
    appendRows: {
      act: async () => mutate(somebody, "appendRows", { ...(await input("02-append-rows")), rows: irisRows(150) }),
      writes: [["dataset_version"], ["dataset_event", "kind = 'ROWS_APPENDED'"]],
    },
    declareModel: {
      act: async () => mutate(somebody, "declareModel", await input("03-declare-model")),
      writes: [["model"], ["model_revision"]],
    },
    declareOptimizer: {
      act: async () => mutate(somebody, "declareOptimizer", await input("04-declare-optimizer")),
      writes: [["optimizer"], ["optimizer_revision"]],
    },
    train: {
      act: async () => {
        const { run } = await mutate(somebody, "train", await input("05-train"), "run { id }");
        runId = run.id;
      },
      writes: [["run"], ["run_event", "to_state = 'QUEUED' AND from_state IS NULL"]],
    },
    pauseRun: {
      act: () => mutate(somebody, "pauseRun", { runId }),
      writes: [["run_event", "to_state = 'PAUSED'"]],
    },
    resumeRun: {
      act: () => mutate(somebody, "resumeRun", { runId }),
      writes: [["run_event", "from_state = 'PAUSED'"]],
    },
    cancelRun: {
      act: () => mutate(somebody, "cancelRun", { runId }),
      writes: [["run_event", "to_state = 'CANCELED'"]],
    },
    retryRun: {
      act: () => mutate(somebody, "retryRun", { runId }),
      writes: [["run", "retry_of_id IS NOT NULL"]],
    },
    setAlias: {
      act: async () => {
        await registerVersions(api.platform.db, "iris-species", 2);
        await mutate(somebody, "setAlias", { model: "iris-species", alias: "champion", version: 1 });
      },
      writes: [["alias_move"], ["model_event", "kind = 'ALIAS_MOVED'"]],
    },
    deleteAlias: {
      act: () => mutate(somebody, "deleteAlias", { model: "iris-species", alias: "champion" }),
      writes: [
        ["alias_move", "to_version_id IS NULL"],
        ["model_event", "kind = 'ALIAS_DELETED'"],
      ],
    },
    tagVersion: {
      act: async () => {
        await mutate(operator, "tagVersion", { version: "iris-species/1", key: "note", value: "theirs" });
        await mutate(somebody, "tagVersion", { version: "iris-species/1", key: "note", value: "mine" });
      },
      writes: [["version_tag"]],
    },
    declareRetraining: {
      act: async () => mutate(somebody, "declareRetraining", await input("11-declare-retraining")),
      writes: [["retraining"], ["retraining_revision"]],
    },
    reproduceVersion: {
      act: () => mutate(somebody, "reproduceVersion", { ref: "iris-species/1" }),
      writes: [["run", "reproduces_version_id IS NOT NULL"]],
    },
    beginAppend: {
      act: async () => {
        const { append } = await mutate(somebody, "beginAppend", { dataset: "iris" }, "append { id }");
        appendId = append.id;
      },
      writes: [["dataset_append"]],
    },
    commitAppend: {
      act: async () => {
        await mutate(somebody, "appendRows", { append: appendId, rows: irisRows(3) });
        await mutate(somebody, "commitAppend", { append: appendId });
      },
      writes: [["dataset_version"], ["dataset_append"]],
    },
    abortAppend: {
      act: async () => {
        const { append } = await mutate(somebody, "beginAppend", { dataset: "iris" }, "append { id }");
        await mutate(somebody, "abortAppend", { append: append.id });
      },
      writes: [["dataset_append"]],
    },
    createUpload: {
      act: async () => {
        uploadId = (await mutate(somebody, "createUpload", { fileName: "iris.csv" }, "upload { id }")).upload.id;
      },
      writes: [["upload"]],
    },
    importUpload: {
      act: async () => {
        await api.platform.db.query("UPDATE upload SET object_key = 'none', size_bytes = 1, sha256 = 'none'");
        const importing = { dataset: "iris", upload: uploadId };
        importId = (await mutate(somebody, "importUpload", importing, "import { id }")).import.id;
      },
      writes: [["import"]],
    },
    cancelImport: {
      act: () => mutate(somebody, "cancelImport", { id: importId }),
      writes: [["import", "state = 'CANCELED'"]],
    },
    exportDataset: {
      act: async () => {
        const exporting = { dataset: "iris", format: "CSV" };
        exportId = (await mutate(somebody, "exportDataset", exporting, "export { id }")).export.id;
      },
      writes: [["dataset_export"]],
    },
    cancelExport: {
      act: () => mutate(somebody, "cancelExport", { id: exportId }),
      writes: [["dataset_export", "state = 'CANCELED'"]],
    },
    collectGarbage: {
      act: () => mutate(somebody, "collectGarbage", { dryRun: true, idempotencyKey: "sweep" }),
      writes: [["idempotency_key", "operation = 'collectGarbage'"]],
    },
  };

  it.each(Object.entries(steps))("writes its actor: %s", async (_name, { act, writes }) => {
    await act();
    for (const [table, where] of writes)
      expect({ table, actors: await actorsOf(table, where) }).toEqual({ table, actors: [mine] });
  });

  it("is among those tested here", () => {
    expect(Object.keys(schema.getMutationType()?.getFields() ?? {}).sort()).toEqual(Object.keys(steps).sort());
  });

  it("that changes a declaration makes its actor that of the declaration; one that changes nothing does not", async () => {
    const actors = () =>
      ask(operator, '{ optimizer(name: "adam-decay") { actor { id } revisions { nodes { number actor { id } } } } }');
    const before = await actors();
    const declaration = await input("04-declare-optimizer");
    expect((await mutate(operator, "declareOptimizer", declaration, "changed")).changed).toBe(false);
    expect(await actors()).toEqual(before);
    await mutate(operator, "declareOptimizer", { ...declaration, description: "another" });
    expect((await actors()).data.optimizer).toEqual({
      actor: { id: "operator" },
      revisions: { nodes: [{ number: 1, actor: { id: "somebody" } }] },
    });
  });
});

describe("what nobody asked for", () => {
  it("is the system's where no actor was named", async () => {
    const { db } = api.platform;
    const [answer] = await db.query<{ actor: string }[]>("SELECT current_actor() AS actor");
    expect(readActor(answer?.actor ?? "")).toEqual(system);
  });

  it("does not inherit the actor of an earlier transaction on the same connection", async () => {
    await mutate(somebody, "declareDataset", { ...(await input("01-declare-dataset")), name: "once_more" });
    const { db } = api.platform;
    const actors = await Promise.all(
      Array.from({ length: 20 }, () => db.query<{ actor: string }[]>("SELECT current_actor() AS actor")),
    );
    expect(new Set(actors.map(([row]) => row?.actor))).toEqual(new Set([writeActor(system)]));
  });
});

describe.each(transports)("over %s", (_name, over) => {
  it("the holder of the operator key is the operator", async () => {
    const server = await startApiServer(api.platform, {
      createContext: (request) => createContext(api.platform, request),
    });
    try {
      const name = `by_${_name.replaceAll(/\W/g, "_")}`;
      const answer = await over(
        server.url,
        "mutation ($input: DeclareDatasetInput!) { declareDataset(input: $input) { problems { message } dataset { actor { kind id } } } }",
        { input: { ...(await input("01-declare-dataset")), name } },
      );
      expect(answer.data.declareDataset).toEqual({
        problems: [],
        dataset: { actor: { kind: "OPERATOR", id: "operator" } },
      });
    } finally {
      await server.close();
    }
  });
});

describe("an idempotency key", () => {
  const declare = (access: Access, key: string, request = {}) =>
    transactOnce(access, { operation: "test", key, request }, async () => ({ n: Math.random() }));

  it("belongs to the actor who chose it", async () => {
    const { db } = api.platform;
    const mine = await declare(new Session(db, somebody), "shared");
    const theirs = await declare(db, "shared", { other: true });
    expect(theirs.result).not.toEqual(mine.result);
    expect(await declare(new Session(db, somebody), "shared")).toEqual(mine);
    expect(await declare(db, "shared", { other: true })).toEqual(theirs);
    await expect(declare(db, "shared", {})).rejects.toMatchObject({ code: "IDEMPOTENCY_KEY_REUSED" });
  });

  it("belongs to its actor also for work that takes too long for a transaction", async () => {
    const { db } = api.platform;
    let done = 0;
    const work = (access: Access) =>
      workOnce(access, { operation: "work", key: "k", request: {} }, async () => ({ n: ++done }));
    expect((await work(new Session(db, somebody))).result).toEqual({ n: 1 });
    expect((await work(db)).result).toEqual({ n: 2 });
    expect((await work(new Session(db, somebody))).result).toEqual({ n: 1 });
  });

  it("reaches a mutation as the actor's own", async () => {
    const declaration = { ...(await input("01-declare-dataset")), idempotencyKey: "twice" };
    await mutate(somebody, "declareDataset", { ...declaration, name: "first" });
    await mutate(operator, "declareDataset", { ...declaration, name: "second" });
    const { errors } = await ask(
      somebody,
      "mutation ($input: DeclareDatasetInput!) { declareDataset(input: $input) { changed } }",
      { input: { ...declaration, name: "second" } },
    );
    expect(errors?.[0]?.message).toContain("was used before for a different declareDataset");
  });
});

describe("an event that goes to several subscribers", () => {
  const subscription =
    'subscription ($after: String) { datasetEvents(dataset: "shared", after: $after) { seq cursor } }';
  let description = 0;
  const change = async () =>
    mutate(operator, "declareDataset", {
      ...(await input("01-declare-dataset")),
      ...{ name: "shared", description: String(++description) },
    });
  const next = (stream: unknown) => (stream as AsyncGenerator<ExecutionResult>).next();

  /** How often one event is answered for subscribers that all wait for it. */
  async function answersFor(actors: Actor[]): Promise<number> {
    await change();
    const first = await run(operator, subscription);
    let newest = "";
    for (let seq = 0; seq < description; ) {
      const { value } = await next(first);
      ({ seq, cursor: newest } = value.data.datasetEvents);
    }
    await (first as AsyncGenerator).return(undefined);
    const streams = await Promise.all(actors.map((actor) => run(actor, subscription, { after: newest })));
    const answers = streams.map(next);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = contexts;
    await change();
    const found = new Set((await Promise.all(answers)).map(({ value }) => JSON.stringify(value)));
    expect(found.size).toBe(1);
    await Promise.all(streams.map((stream) => (stream as AsyncGenerator).return(undefined)));
    // One context is the mutation's.
    return contexts - before - 1;
  }

  it("is answered once for all who are the same actor, and for no other", async () => {
    expect(await answersFor([operator, operator, operator])).toBe(1);
    expect(await answersFor([operator, somebody, operator, somebody])).toBe(2);
  });
});

describe("an actor", () => {
  it.each([operator, system, policy("retraining_1"), { kind: "WORKER", id: "worker:with:colons" } as Actor])(
    "is read as it was written: %o",
    (actor) => {
      expect(readActor(writeActor(actor))).toEqual(actor);
    },
  );
});

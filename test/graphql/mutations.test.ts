import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { declareModel } from "../../src/registry/declare-model.js";
import { type Answer, type Api, contract, irisRows, openApi } from "./api.js";
import { registerVersions } from "./training.js";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

/** Sends an operation of the contract, with its `input` changed. */
async function send(name: string, changes: object = {}) {
  const { query, variables } = await contract(name);
  return api.ask(query, { ...variables, input: { ...(variables.input as object), ...changes } });
}

/** The payload of a mutation that must not be an error. */
async function payload(name: string, changes: object = {}) {
  const { data, errors } = await send(name, changes);
  expect(errors).toBeUndefined();
  return Object.values(data)[0] as Answer["data"];
}

/** `path code` of each problem. */
const faults = (answer: { problems: { path: string; code: string }[] }) =>
  answer.problems.map(({ path, code }) => `${path} ${code}`);

describe("the contract's mutations, in order", () => {
  test("01 declares a dataset", async () => {
    expect(await payload("01-declare-dataset")).toEqual({
      changed: true,
      problems: [],
      dataset: {
        id: expect.stringMatching(/^dataset_/),
        name: "iris",
        features: [
          ...["sepal_length", "sepal_width", "petal_length", "petal_width"].map((name) => ({ name, type: "NUMBER" })),
          { name: "species", type: "CATEGORY" },
        ],
        latestVersion: null,
      },
    });
    expect(await payload("01-declare-dataset")).toMatchObject({
      changed: false,
      problems: [],
      dataset: { name: "iris" },
    });
  });

  test("02 appends rows", async () => {
    const answer = await payload("02-append-rows", { rows: irisRows(150) });
    const version = { number: 1, rowCount: 150, addedRowCount: 150, digest: expect.stringMatching(/^sha256:\w{64}$/) };
    expect(answer).toEqual({ problems: [], version });
    expect(await payload("02-append-rows", { rows: irisRows(150) })).toEqual(answer);
    expect(await payload("01-declare-dataset")).toMatchObject({
      changed: false,
      dataset: { latestVersion: { number: 1, rowCount: 150 } },
    });
  });

  test("03 declares a model", async () => {
    const model = {
      id: expect.stringMatching(/^model_/),
      name: "iris-species",
      // 4 * 16 + 16, then 16 * 16 + 16, then 16 * 3 + 3.
      revision: { number: 1, digest: expect.stringMatching(/^sha256:/), parameterCount: 403 },
    };
    expect(await payload("03-declare-model")).toEqual({ changed: true, problems: [], model });
    expect(await payload("03-declare-model")).toEqual({ changed: false, problems: [], model });
    const layers = [{ dense: { units: 8 } }];
    expect(await payload("03-declare-model", { layers })).toMatchObject({
      changed: true,
      model: { revision: { number: 2, parameterCount: 67 } },
    });
    expect(await payload("03-declare-model")).toMatchObject({ changed: true, model: { revision: { number: 3 } } });
  });

  test("04 declares an optimizer", async () => {
    const optimizer = { id: expect.stringMatching(/^optimizer_/), name: "adam-decay", revision: expect.anything() };
    expect(await payload("04-declare-optimizer")).toEqual({ changed: true, problems: [], optimizer });
    expect(await payload("04-declare-optimizer")).toMatchObject({ changed: false, problems: [] });
  });

  test("05 queues a run", async () => {
    const run = { id: expect.stringMatching(/^run_/), state: "QUEUED" };
    expect(await payload("05-train")).toEqual({ problems: [], run });
  });

  test("08 points an alias to a version", async () => {
    await registerVersions(api.platform.db, "iris-species", 3);
    expect(await payload("08-set-alias")).toEqual({
      problems: [],
      alias: { name: "champion", version: { ref: "iris-species/1", number: 1 }, previous: null },
    });
    expect(await payload("08-set-alias", { version: 2 })).toEqual({
      problems: [],
      alias: {
        name: "champion",
        version: { ref: "iris-species/2", number: 2 },
        previous: { ref: "iris-species/1", number: 1 },
      },
    });
  });

  test("11 declares a retraining policy", async () => {
    const retraining = {
      id: expect.stringMatching(/^retraining_/),
      name: "keep-iris-fresh",
      model: { name: "iris-species" },
      enabled: true,
    };
    expect(await payload("11-declare-retraining")).toEqual({ changed: true, problems: [], retraining });
    expect(await payload("11-declare-retraining")).toMatchObject({ changed: false });
    expect(await payload("11-declare-retraining", { enabled: false })).toMatchObject({
      changed: true,
      retraining: { enabled: false },
    });
  });
});

describe("an idempotency key", () => {
  test("gives the first answer again and does nothing a second time", async () => {
    const first = await payload("05-train", { idempotencyKey: "once" });
    const second = await payload("05-train", { idempotencyKey: "once" });
    expect(second).toEqual(first);
    const absentIsNull = { idempotencyKey: "once", checkpoint: null };
    expect(await payload("05-train", absentIsNull)).toEqual(first);
    expect(await payload("05-train", { idempotencyKey: "another" })).not.toEqual(first);
  });

  test("gives one answer to many that come at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => payload("05-train", { idempotencyKey: "at-once" })),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });

  test.each([
    ["train", "05-train", { epochs: 61 }],
    ["appendRows", "02-append-rows", { rows: irisRows(3) }],
  ])("used for another request of %s is an error", async (_operation, name, other) => {
    await payload(name, { idempotencyKey: "taken", ...(name === "02-append-rows" && { rows: irisRows(2) }) });
    const { errors } = await send(name, { idempotencyKey: "taken", ...other });
    expect(errors?.[0]?.extensions?.code).toBe("IDEMPOTENCY_KEY_REUSED");
  });

  test("of a refused request stays free", async () => {
    expect(faults(await payload("05-train", { idempotencyKey: "refused", epochs: 0 }))).toEqual([
      "epochs OUT_OF_RANGE",
    ]);
    expect(await payload("05-train", { idempotencyKey: "refused" })).toMatchObject({ problems: [] });
  });

  test.each([
    ["", "EMPTY"],
    ["x".repeat(201), "TOO_LONG"],
    ["a\u0000b", "BAD_TYPE"],
  ])("that cannot be stored is a problem", async (idempotencyKey, code) => {
    expect(faults(await payload("05-train", { idempotencyKey }))).toEqual([`idempotencyKey ${code}`]);
  });
});

describe("many at once", () => {
  test("twenty different declarations of one name make twenty revisions, or one if they are the same", async () => {
    const declare = (units: number) =>
      payload("03-declare-model", { name: "contested", layers: [{ dense: { units } }] });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => declare(index + 1)));
    const ids = new Set(answers.map((answer) => answer.model.id));
    expect(ids.size).toBe(1);
    expect(answers.every((answer) => answer.changed)).toBe(true);
    const revisions = await api.platform.db.query(
      "SELECT number FROM model_revision WHERE model_id = $1 ORDER BY number",
      [[...ids][0]],
    );
    expect(revisions.map((row: { number: number }) => row.number)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));

    const equal = await Promise.all(Array.from({ length: 20 }, () => payload("01-declare-dataset", { name: "equal" })));
    expect(equal.filter((answer) => answer.changed)).toHaveLength(1);
    expect(new Set(equal.map((answer) => answer.dataset.id)).size).toBe(1);
  });

  test("appends of one dataset are numbered without gaps", async () => {
    await payload("01-declare-dataset", { name: "busy" });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        payload("02-append-rows", { dataset: "busy", rows: irisRows(5, index * 5), idempotencyKey: null }),
      ),
    );
    const versions = answers.map((answer) => answer.version);
    expect(versions.map(({ number }) => number).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const { number, rowCount } of versions) expect(rowCount).toBe(number * 5);
  });

  test("a hundred versions are numbered 1 to 100 without gaps or errors", async () => {
    const { db } = api.platform;
    const target = { dataset: "iris", target: "species", layers: [] };
    await declareModel(db, { name: "prolific", ...target });
    const versions = await registerVersions(db, "prolific", 100);
    expect(versions.map(({ number }) => number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 1),
    );
    const events = await db.query(
      "SELECT seq FROM model_event JOIN model ON model.id = model_id WHERE name = 'prolific' ORDER BY seq",
    );
    expect(events.map((row: { seq: number }) => row.seq)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });
});

describe("an alias", () => {
  const move = (version: number, expected?: number, more: object = {}) =>
    payload("08-set-alias", { alias: "staging", version, expected, ...more });

  test("moves only from where it is expected to be, and remembers its moves", async () => {
    expect(faults(await move(1, 2))).toEqual(["expected STALE"]);
    expect(await move(1, 0, { reason: "first" })).toMatchObject({ problems: [] });
    expect(faults(await move(2, 0))).toEqual(["expected STALE"]);
    expect(await move(2, 1, { reason: "second" })).toMatchObject({ alias: { previous: { number: 1 } } });
    expect(faults(await move(3, 1))).toEqual(["expected STALE"]);

    const { data } = await api.ask(
      `mutation ($input: DeleteAliasInput!) { deleteAlias(input: $input) { problems { path code } model { name } } }`,
      { input: { model: "iris-species", alias: "staging", expected: 2 } },
    );
    expect(data.deleteAlias).toEqual({ problems: [], model: { name: "iris-species" } });
    const moves = await api.platform.db.query(
      "SELECT seq, reason, from_version_id IS NULL AS first, to_version_id IS NULL AS last FROM alias_move WHERE name = 'staging' ORDER BY seq",
    );
    expect(moves).toEqual([
      { seq: 1, reason: "first", first: true, last: false },
      { seq: 2, reason: "second", first: false, last: false },
      { seq: 3, reason: "deleted by hand", first: false, last: true },
    ]);
  });

  test("moved by twenty at once from the same place is moved by one", async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        payload("08-set-alias", { alias: "raced", version: 1 + (index % 3), expected: 0 }),
      ),
    );
    expect(answers.filter(({ problems }) => problems.length === 0)).toHaveLength(1);
    for (const answer of answers) if (answer.problems.length > 0) expect(faults(answer)).toEqual(["expected STALE"]);
  });
});

describe("a run", () => {
  const control = (field: string, runId: unknown) =>
    api.ask(
      `mutation ($runId: ID!) { ${field}(input: { runId: $runId }) { problems { path } run { id state retryOf { id } } } }`,
      { runId },
    );

  test("is canceled, again without effect, and retried", async () => {
    const { run } = await payload("05-train");
    const early = await control("retryRun", run.id);
    expect(early.errors?.[0]?.extensions?.code).toBe("ILLEGAL_TRANSITION");
    for (let time = 0; time < 2; time++) {
      const { data } = await control("cancelRun", run.id);
      expect(data.cancelRun).toMatchObject({ problems: [], run: { id: run.id, state: "CANCELED" } });
    }
    const { data } = await control("retryRun", run.id);
    expect(data.retryRun).toMatchObject({ problems: [], run: { state: "QUEUED", retryOf: { id: run.id } } });
  });

  test.each(["cancelRun", "retryRun"])("that does not exist is NOT_FOUND to %s", async (field) => {
    for (const runId of ["run_00000000-0000-0000-0000-000000000000", "x", "a\u0000b", "x".repeat(100_000)]) {
      const { errors } = await control(field, runId);
      expect(errors?.[0]?.extensions?.code).toBe("NOT_FOUND");
      expect(errors?.[0]?.message.length).toBeLessThan(200);
    }
  });
});

describe("a tag", () => {
  const tag = async (input: object) => {
    const { data, errors } = await api.ask(
      `mutation ($input: TagVersionInput!) { tagVersion(input: $input) { problems { path code } version { ref tags { key value } } } }`,
      { input },
    );
    expect(errors).toBeUndefined();
    return data.tagVersion;
  };

  test("is set, changed and removed", async () => {
    const version = { ref: "iris-species/1", tags: [{ key: "owner", value: "ada" }] };
    expect(await tag({ version: "iris-species/1", key: "owner", value: "bob" })).toMatchObject({ problems: [] });
    expect(await tag({ version: "iris-species/1", key: "owner", value: "ada" })).toEqual({ problems: [], version });
    expect(await tag({ version: "iris-species/1", key: "owner" })).toEqual({
      problems: [],
      version: { ref: "iris-species/1", tags: [] },
    });
  });

  test.each([
    [{ version: "nobody/1", key: "k", value: "v" }, ["version UNKNOWN_REFERENCE"]],
    [{ version: "iris-species/x", key: "k", value: "v" }, ["version BAD_NAME"]],
    [{ version: "iris-species/1", key: "", value: "x".repeat(1_001) }, ["key BAD_NAME", "value TOO_LONG"]],
    [{ version: "nobody/1", key: "", value: "v" }, ["version UNKNOWN_REFERENCE", "key BAD_NAME"]],
  ])("that is wrong is refused: %j", async (input, expected) => {
    expect(faults(await tag(input))).toEqual(expected);
  });
});

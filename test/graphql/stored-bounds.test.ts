import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Api, declareIris, openApi } from "./api.js";
import { registerVersions } from "./training.js";

let api: Api;
let versionId: string;
beforeAll(async () => {
  api = await openApi();
  await declareIris(api);
  const [version] = await registerVersions(api.platform.db, "iris-species", 1);
  versionId = version?.id ?? "";
});
afterAll(() => api?.close());

const types = { tagVersion: "TagVersionInput", setAlias: "SetAliasInput", train: "TrainInput" };

/** `path code` of every problem. */
async function problems(operation: keyof typeof types, input: object): Promise<string[]> {
  const query = `mutation($input: ${types[operation]}!) { done: ${operation}(input: $input) { problems { path code } } }`;
  const { data, errors } = await api.ask(query, { input });
  expect(errors).toBeUndefined();
  return data.done.problems.map(({ path, code }: { path: string; code: string }) => `${path} ${code}`);
}

describe("a version", () => {
  const tag = (key: string, value: string | null = "v") =>
    problems("tagVersion", { version: "iris-species", key, value });

  it("has at most 1,000 tags; those it has may change, and one that goes makes room", async () => {
    await api.platform.db.query(
      "INSERT INTO version_tag (version_id, key, value) SELECT $1, 'tag' || n, '' FROM generate_series(1, 999) n",
      [versionId],
    );
    expect(await tag("last")).toEqual([]);
    expect(await tag("one-more")).toEqual(["key TOO_LONG"]);
    expect(await tag("last", "changed")).toEqual([]);
    expect(await tag("tag7", null)).toEqual([]);
    // Ten at once for one place.
    const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => tag(`race${index}`)));
    expect(answers.filter((answer) => answer.length === 0)).toHaveLength(1);
    const [row] = await api.platform.db.query<{ tags: number }[]>("SELECT count(*)::int AS tags FROM version_tag");
    expect(row?.tags).toBe(1_000);
  });

  it("has tags of at most 1,000 characters", async () => {
    expect(await tag("last", "x".repeat(1_001))).toEqual(["value TOO_LONG"]);
    expect(await tag("last", "x".repeat(1_000))).toEqual([]);
  });
});

describe("a model", () => {
  const point = (alias: string) => problems("setAlias", { model: "iris-species", alias, version: 1 });

  it("has at most 1,000 aliases; those it has may move", async () => {
    await api.platform.db.query(
      `INSERT INTO alias (model_id, name, version_id)
       SELECT model_id, 'alias' || n, id FROM model_version, generate_series(1, 999) n WHERE id = $1`,
      [versionId],
    );
    expect(await point("last")).toEqual([]);
    expect(await point("one-more")).toEqual(["alias TOO_LONG"]);
    expect(await point("last")).toEqual([]);
  });
});

describe("a training that was stored before there were bounds", () => {
  it("is retried with what it stored", async () => {
    const start = `mutation { done: train(input: { model: "iris-species", optimizer: "adam-decay", epochs: 3 }) { run { id } problems { message } } }`;
    const { data } = await api.ask(start);
    const runId = data.done.run.id;
    const keep = { latest: 2_000_000_000, best: 5_000, every: 1 };
    await api.platform.db.query("UPDATE run SET spec = spec || $2 WHERE id = $1", [
      runId,
      JSON.stringify({ keep, checkpoint: { type: "STEPS", every: 1 }, epochs: 900_000_000 }),
    ]);
    await api.ask("mutation($id: ID!) { cancelRun(input: { runId: $id }) { run { id } } }", { id: runId });
    const again = await api.ask(
      "mutation($id: ID!) { retryRun(input: { runId: $id }) { problems { message } run { id } } }",
      { id: runId },
    );
    expect(again.errors).toBeUndefined();
    expect(again.data.retryRun.problems).toEqual([]);
    const [row] = await api.platform.db.query<{ spec: object }[]>("SELECT spec FROM run WHERE id = $1", [
      again.data.retryRun.run.id,
    ]);
    expect(row?.spec).toMatchObject({ keep, epochs: 900_000_000 });
  });
});

describe("a number of what exists", () => {
  it.each(["modelRevision", "optimizerRevision", "datasetVersion"])(
    "is refused as unknown below 1: %s",
    async (field) => {
      const input = { model: "iris-species", optimizer: "adam-decay", epochs: 1 };
      expect(await problems("train", { ...input, [field]: 0 })).toContain(`${field} UNKNOWN_REFERENCE`);
      expect(await problems("train", { ...input, [field]: 1 })).toEqual([]);
    },
  );

  it("is refused as unknown below 1 where an alias shall point to it", async () => {
    const input = { model: "iris-species", alias: "last" };
    expect(await problems("setAlias", { ...input, version: 0 })).toEqual(["version UNKNOWN_REFERENCE"]);
    expect(await problems("setAlias", { ...input, version: 1, expected: 0 })).toEqual(["expected STALE"]);
  });
});

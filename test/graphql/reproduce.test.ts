import { afterAll, beforeAll, expect, it, test } from "vitest";
import { ModelRevision } from "../../src/entities/model.js";
import { type NamedValue, Run } from "../../src/entities/run.js";
import { recordRunEvent } from "../../src/runs/events.js";
import { completeRun } from "../../src/runs/finish.js";
import { type Api, declareIris, openApi } from "./api.js";
import { registerVersions, versionContent } from "./training.js";

let api: Api;
beforeAll(async () => {
  api = await openApi();
  await declareIris(api, 30);
  await registerVersions(api.platform.db, "iris-species", 2);
});
afterAll(() => api.close());

const environment = {
  ...{ executor: "onnx-cpu-1", runtime: "onnxruntime 1.30.0", processor: "x86-64-v4", processorModel: "one" },
  ...{ platform: "linux-x64", node: "22.1.0", perennial: "0.1.0" },
};

/** What a trainer hands over whose weights are not those of the version. */
async function outcome({ modelRevisionId }: Run, summary: NamedValue[]) {
  const { spec } = await api.platform.db.manager.findOneByOrFail(ModelRevision, { id: modelRevisionId });
  return { version: { ...versionContent(spec), digest: `sha256:${"7".repeat(64)}` }, summary };
}

async function reproduce(input: object) {
  const { data, errors } = await api.ask(
    `mutation ($input: ReproduceVersionInput!) {
      reproduceVersion(input: $input) {
        problems { path code }
        run { id state version { ref } reproduces { ref } reproduction { agrees } environment { executor } }
      }
    }`,
    { input },
  );
  expect(errors).toBeUndefined();
  return data.reproduceVersion;
}

it("reproduceVersion answers the queued run at once, and the same one for the same key", async () => {
  const answer = await reproduce({ ref: "iris-species/1", idempotencyKey: "once" });
  expect(answer).toEqual({
    problems: [],
    run: {
      ...{ id: expect.stringMatching(/^run_/), state: "QUEUED", version: null },
      ...{ reproduces: { ref: "iris-species/1" }, reproduction: null, environment: null },
    },
  });
  expect(await reproduce({ ref: "iris-species/1", idempotencyKey: "once" })).toEqual(answer);
  expect((await reproduce({ ref: "iris-species" })).run.reproduces.ref).toBe("iris-species/2");
});

test.each([
  ["iris-species/9", "UNKNOWN_REFERENCE"],
  ["", "BAD_NAME"],
])("reproduceVersion of %j is refused", async (ref, code) => {
  expect(await reproduce({ ref })).toEqual({ problems: [{ path: "ref", code }], run: null });
});

it("the verdict is a part of the run, and comes to whoever follows its events", async () => {
  const { db } = api.platform;
  const { run } = await reproduce({ ref: "iris-species/2" });
  const original = await db.manager.findOneByOrFail(Run, { id: run.id });
  await db.query("UPDATE run SET environment = $1 WHERE id = (SELECT run_id FROM model_version WHERE number = 2)", [
    JSON.stringify(environment),
  ]);
  await db.query("UPDATE run SET state = 'RUNNING', fence = 1, environment = $2 WHERE id = $1", [
    run.id,
    JSON.stringify({ ...environment, processor: "x86-64-v3", processorModel: "another" }),
  ]);
  const events = api.follow("subscription ($id: ID!) { runEvents(runId: $id, after: null) { kind message } }", {
    id: run.id,
  });
  await completeRun(db, { runId: run.id, fence: 1 }, original, await outcome(original, [{ name: "loss", value: 0.5 }]));

  const { data } = await api.ask(
    `query ($id: ID!) { run(id: $id) {
      state version { ref } summary { name value } environment { processor processorModel runtime }
      reproduction { agrees expectedDigest digest reason differences { name expected actual } }
    } }`,
    { id: run.id },
  );
  const reason = "the weights are not those of iris-species/2: computed with processor x86-64-v3 instead of x86-64-v4";
  expect(data.run).toEqual({
    ...{ state: "SUCCEEDED", version: null, summary: [{ name: "loss", value: 0.5 }] },
    environment: { processor: "x86-64-v3", processorModel: "another", runtime: "onnxruntime 1.30.0" },
    reproduction: {
      ...{ agrees: false, expectedDigest: `sha256:${"0".repeat(64)}`, digest: `sha256:${"7".repeat(64)}`, reason },
      differences: [{ name: "processor", expected: "x86-64-v4", actual: "x86-64-v3" }],
    },
  });
  const told = [];
  for await (const event of events) told.push(event.data.runEvents);
  expect(told).toContainEqual({ kind: "NOT_REPRODUCED", message: reason });
  expect(told.at(-1)).toMatchObject({ kind: "STATE_CHANGED", message: "did not reproduce iris-species/2" });
});

it("the verdict names a run that went on in another environment than it had begun in", async () => {
  const { db } = api.platform;
  const { run } = await reproduce({ ref: "iris-species/1" });
  const again = await db.manager.findOneByOrFail(Run, { id: run.id });
  const [version] = await db.query("SELECT run_id FROM model_version WHERE number = 1");
  await recordRunEvent(db.manager, { runId: version.run_id, kind: "ENVIRONMENT_CHANGED", message: "resumed with" });
  await db.query("UPDATE run SET state = 'RUNNING', fence = 1 WHERE id = $1", [run.id]);
  await completeRun(db, { runId: run.id, fence: 1 }, again, await outcome(again, []));
  const { reproduction } = await db.manager.findOneByOrFail(Run, { id: run.id });
  expect(reproduction).toMatchObject({
    ...{ agrees: false, differences: [] },
    reason: expect.stringContaining("the run that made iris-species/1 was resumed by something else than had begun it"),
  });
});

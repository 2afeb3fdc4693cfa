import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HttpServer } from "../../src/transport/http.js";
import { operationLimits } from "../../src/transport/operation-limits.js";
import { type Api, openApi } from "./api.js";
import { id, seed } from "./seed.js";
import { authorization, startToyServer } from "./toy-server.js";
import { startApiServer, streams, transports } from "./transports.js";

const mebibyte = 2 ** 20;

let toy: HttpServer;
/** The same with a small bound of bytes. */
let narrow: HttpServer;
let api: Api;
let server: HttpServer;
beforeAll(async () => {
  toy = await startToyServer({ answerLimits: { seconds: 0.15 } });
  narrow = await startToyServer({ answerLimits: { maxAnswerBytes: mebibyte } });
  api = await openApi();
  const { db } = api.platform;
  await seed(db, 100);
  // Answers that are large by few nodes: a spec of 1 MB that a hundred runs share, and 300 digests of 1 kB times 300.
  await db.query("UPDATE model_revision SET spec = $1 WHERE id = $2", [
    JSON.stringify({ layers: [], note: "x".repeat(mebibyte) }),
    id("modelrev", 1),
  ]);
  await db.query("UPDATE run SET model_revision_id = $1", [id("modelrev", 1)]);
  await db.query(
    `INSERT INTO dataset_version (id, dataset_id, number, row_count, added_row_count, split_counts, digest, created_at)
     SELECT 'rows_00000000-0000-0000-0001-' || lpad(i::text, 12, '0'), $1, i + 1, 10, 10,
       '{"train":8,"validation":1,"test":1}', repeat('x', 1000) || i, now()
     FROM generate_series(1, 299) i`,
    [id("dataset", 1)],
  );
  server = await startApiServer(api.platform);
});
afterAll(async () => {
  await Promise.all([toy, narrow, server].map((each) => each.close()));
  await api.close();
});

const versions = (inner: string) =>
  `{ dataset(name: "dataset-1") { versions(first: 300) { nodes { dataset { versions(first: 300) { nodes { ${inner} } } } } } } }`;

describe.each(transports)("an answer over %s", (_name, ask) => {
  test.each([
    ["many texts", versions("digest")],
    ["a value that many objects share", "{ runs(first: 100) { nodes { lineage { modelRevision { spec } } } } }"],
  ])("ends at its largest size: %s", async (_what, query) => {
    const { data, errors } = await ask(server.url, query);
    expect(data).toBeNull();
    expect(errors).toEqual([
      {
        message: "The answer would be larger than 64 MiB, which is the limit. Select less, or smaller pages.",
        extensions: { code: "LIMIT_EXCEEDED", limit: operationLimits.maxAnswerBytes },
      },
    ]);
  });

  test("that is large and legal arrives whole", async () => {
    const { data, errors } = await ask(server.url, versions("number text: digest dataset { name } __typename"));
    expect(errors?.[0]?.extensions?.code).toBe("LIMIT_EXCEEDED");
    expect(data).toBeNull();
    const smaller = await ask(
      server.url,
      versions("number createdAt splitCounts { train } dataset { name } __typename"),
    );
    expect(smaller.errors).toBeUndefined();
    const { nodes } = smaller.data.dataset.versions;
    expect(nodes).toHaveLength(300);
    for (const { dataset } of nodes) expect(dataset.versions.nodes).toHaveLength(300);
    expect(nodes[299].dataset.versions.nodes[7]).toEqual({
      ...{ number: expect.any(Number), createdAt: expect.stringMatching(/Z$/), splitCounts: { train: 8 } },
      ...{ dataset: { name: "dataset-1" }, __typename: "DatasetVersion" },
    });
  });

  test("ends at its deadline", async () => {
    for (const query of ["{ slow }", "{ hello work { fast slow } }"]) {
      const { data, errors } = await ask(toy.url, query);
      expect([query, data]).toEqual([query, null]);
      expect(errors).toHaveLength(1);
      expect(errors?.[0]).toMatchObject({
        message: expect.stringContaining("took longer than 0.15 s"),
        extensions: { code: "LIMIT_EXCEEDED", limit: 0.15 },
      });
    }
    expect(await ask(toy.url, "{ work { fast } }")).toEqual({ data: { work: { fast: "done" } } });
  });

  test("of a mutation says that it was carried out", async () => {
    // What it does takes longer than an answer may; only the reading of the payload is cut.
    expect(await ask(toy.url, "mutation { work { fast } }")).toEqual({ data: { work: { fast: "done" } } });
    const late = await ask(toy.url, "mutation { touch first: work { slow } then: touch }");
    expect(late.data).toBeNull();
    expect(late.errors?.[0]).toMatchObject({
      message: expect.stringMatching(/carried out.*: touch, first\. .*idempotencyKey/),
      extensions: { code: "LIMIT_EXCEEDED", carriedOut: ["touch", "first"] },
    });
    const large = await ask(narrow.url, "mutation { work { texts(count: 3000) { text } } }");
    expect(large.errors?.[0]?.extensions).toEqual({
      ...{ code: "LIMIT_EXCEEDED", limit: mebibyte, carriedOut: ["work"] },
    });
  });

  test("of a mutation that is too large leaves what was done", async () => {
    const payload =
      "version { model { dataset { versions(first: 300) { nodes { dataset { versions(first: 300) { nodes { digest } } } } } } } }";
    const query = `mutation ($input: TagVersionInput!) { tagVersion(input: $input) { problems { message } ${payload} } }`;
    const key = `large-${Math.random().toString(36).slice(2)}`;
    const input = { version: "model-1/1", key, value: "kept" };
    const { data, errors } = await ask(server.url, query, { input });
    expect(data).toBeNull();
    expect(errors?.[0]?.extensions).toMatchObject({ code: "LIMIT_EXCEEDED", carriedOut: ["tagVersion"] });
    expect(await api.platform.db.query("SELECT value FROM version_tag WHERE key = $1", [key])).toEqual([
      { value: "kept" },
    ]);
  });
});

describe.each(streams)("an event over %s", (_name, ask) => {
  test("ends at the bounds of an answer", async () => {
    expect((await ask(toy.url, "subscription { works { slow } }")).errors?.[0]?.extensions?.code).toBe(
      "LIMIT_EXCEEDED",
    );
    const large = await ask(narrow.url, "subscription { works { texts(count: 3000) { text } } }");
    expect(large.errors?.[0]?.extensions).toEqual({ code: "LIMIT_EXCEEDED", limit: mebibyte });
    expect(await ask(narrow.url, "subscription { works { fast } }")).toEqual({ data: { works: { fast: "done" } } });
  });
});

test("a large answer leaves the event loop to others", async () => {
  let last = performance.now();
  let longest = 0;
  const started = last;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 5);
  const body = JSON.stringify({ query: versions("number rowCount digestOf: number dataset { name }") });
  const response = await fetch(`${server.url}/graphql`, {
    ...{ method: "POST", body },
    headers: { "content-type": "application/json", authorization },
  });
  clearInterval(timer);
  const duration = performance.now() - started;
  expect(response.status).toBe(200);
  expect(Number(response.headers.get("content-length"))).toBeGreaterThan(5 * mebibyte);
  await response.body?.cancel();
  // In one go it would be most of the time.
  expect(longest).toBeLessThan(Math.max(250, duration / 4));
}, 60_000);

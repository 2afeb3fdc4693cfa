import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HttpServer } from "../../src/transport/http.js";
import { maxOpenOperations } from "../../src/transport/open-operations.js";
import { eventStreamLimits } from "../../src/transport/sse.js";
import { authorization, eventually, type Observed, startToyServer } from "./toy-server.js";

let server: HttpServer & { observed: Observed };
beforeAll(async () => {
  server = await startToyServer();
});
afterAll(() => server.close());

const send = (method: string, token: string, options: { query?: string; body?: object; signal?: AbortSignal } = {}) =>
  fetch(`${server.url}/graphql/stream${options.query ?? ""}`, {
    method,
    headers: {
      authorization,
      "x-graphql-event-stream-token": token,
      ...(options.body && { "content-type": "application/json" }),
      ...(method === "GET" && { accept: "text/event-stream" }),
    },
    body: options.body && JSON.stringify(options.body),
    signal: options.signal,
  });

const start = async (token: string, id: string, query = "subscription { quiet }") =>
  (await send("POST", token, { body: { query, extensions: { operationId: id } } })).status;

/** A stream of single connection mode that is read. */
async function openStream(token: string) {
  expect((await send("PUT", token)).status).toBe(201);
  const aborter = new AbortController();
  const events = await send("GET", token, { signal: aborter.signal });
  let text = "";
  const reading = (async () => {
    for await (const chunk of events.body ?? []) text += Buffer.from(chunk);
  })().catch(() => {});
  const results = (id: string) =>
    [...text.matchAll(/^data: (\{"id".*)$/gm)]
      .map(([, json = ""]) => JSON.parse(json) as { id: string; payload?: object })
      .filter((event) => event.id === id && event.payload)
      .map(({ payload }) => payload);
  return {
    results,
    async close() {
      aborter.abort();
      await reading;
    },
  };
}

describe("one event stream in single connection mode", () => {
  it(`has ${maxOpenOperations} operations open at most, and keeps those; others are not affected`, async () => {
    const { contexts, cleaned } = server.observed;
    const stream = await openStream("busy");
    const other = await openStream("other");
    for (let from = 0; from < maxOpenOperations; from += 50)
      await Promise.all(Array.from({ length: 50 }, (_, index) => start("busy", `s${from + index}`)));
    expect(server.observed.contexts - contexts).toBe(maxOpenOperations);

    const limit = [{ errors: [{ extensions: { code: "LIMIT_EXCEEDED" } }] }];
    for (const query of ["subscription { quiet }", "{ transport }", "mutation { touch }"]) {
      await start("busy", query, query);
      await eventually(() => stream.results(query).length > 0);
      expect(stream.results(query)).toMatchObject(limit);
    }
    expect(server.observed.contexts - contexts).toBe(maxOpenOperations);
    await start("other", "q", "{ transport }");
    await eventually(() => other.results("q").length > 0);
    expect(other.results("q")).toEqual([{ data: { transport: "sse" } }]);

    // Each that ends makes room for one more.
    expect((await send("DELETE", "busy", { query: "?operationId=s0" })).status).toBe(200);
    await eventually(() => server.observed.cleaned === cleaned + 1);
    await start("busy", "again", "subscription { count(to: 2) }");
    await eventually(() => stream.results("again").length === 2);
    await start("busy", "more", "{ transport }");
    await eventually(() => stream.results("more").length > 0);
    expect(stream.results("more")).toEqual([{ data: { transport: "sse" } }]);

    await Promise.all([stream.close(), other.close()]);
    await eventually(() => server.observed.cleaned === cleaned + maxOpenOperations);
  });

  it("whose client reads nothing has few results waiting, and all of them once it reads", async () => {
    // Reserved, and never opened: nothing is read.
    expect((await send("PUT", "unread")).status).toBe(201);
    const { contexts } = server.observed;
    const aborter = new AbortController();
    const waiting = Array.from({ length: 300 }, (_, index) =>
      send("POST", "unread", {
        body: { query: "{ transport }", extensions: { operationId: `q${index}` } },
        signal: aborter.signal,
      }).catch(() => undefined),
    );
    await eventually(() => server.observed.contexts - contexts >= eventStreamLimits.waitingResults);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(server.observed.contexts - contexts).toBeLessThanOrEqual(eventStreamLimits.waitingResults);
    // All are answered once somebody reads.
    const events = await send("GET", "unread", { signal: aborter.signal });
    let text = "";
    for await (const chunk of events.body ?? []) {
      text += Buffer.from(chunk);
      if ((text.match(/event: complete/g)?.length ?? 0) >= 300) break;
    }
    expect(text.match(/"transport":"sse"/g)).toHaveLength(300);
    for (const response of await Promise.all(waiting)) expect(response?.status).toBe(202);
    aborter.abort();
  });

  it("gives the place of an operation that fails back", async () => {
    const failing = await startToyServer({ createContext: () => Promise.reject(new Error("password=hunter2")) });
    const stream = {
      url: `${failing.url}/graphql/stream`,
      headers: { authorization, "x-graphql-event-stream-token": "t" },
    };
    await fetch(stream.url, { method: "PUT", headers: stream.headers });
    for (let turn = 0; turn < 3; turn++) {
      const { status } = await fetch(stream.url, {
        method: "POST",
        headers: { ...stream.headers, "content-type": "application/json" },
        body: JSON.stringify({ query: "{ transport }", extensions: { operationId: "same" } }),
      });
      // The library would keep the id of an operation that failed for ever.
      expect(status).toBe(202);
    }
    await failing.close();
  });
});

it(`no more than ${eventStreamLimits.maxStreams} streams are reserved at once`, async () => {
  const many = await startToyServer();
  const reserve = (token: string) =>
    fetch(`${many.url}/graphql/stream`, {
      method: "PUT",
      headers: { authorization, "x-graphql-event-stream-token": token },
    }).then(async (response) => [response.status, await response.text()] as const);
  for (let from = 0; from < eventStreamLimits.maxStreams; from += 100)
    await Promise.all(Array.from({ length: 100 }, (_, index) => reserve(`s${from + index}`)));
  const [status, text] = await reserve("one-more");
  expect([status, JSON.parse(text).errors[0].extensions.code]).toEqual([503, "LIMIT_EXCEEDED"]);
  await many.close();
});

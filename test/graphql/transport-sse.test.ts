import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { type Client, type ClientOptions, createClient } from "graphql-sse";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { HttpServer } from "../../src/transport/http.js";
import { leastOf } from "../support/least-of.js";
import { authorization, eventually, type Observed, startToyServer } from "./toy-server.js";

let server: HttpServer & { observed: Observed };
const clients: Client<boolean>[] = [];
beforeAll(async () => {
  server = await startToyServer();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.dispose();
});
afterAll(() => server.close());

function open<Single extends boolean>(
  singleConnection: Single,
  options: Partial<ClientOptions<Single>> = {},
): Client<Single> {
  const client = createClient<Single>({
    url: `${server.url}/graphql/stream`,
    headers: { authorization },
    retryAttempts: 0,
    singleConnection,
    ...options,
  } as ClientOptions<Single>);
  clients.push(client);
  return client;
}

async function collect(client: Client<boolean>, query: string, variables?: Record<string, unknown>) {
  const results: unknown[] = [];
  for await (const result of client.iterate({ query, variables })) results.push(result);
  return results;
}

/** A stream read by hand. */
async function stream(query: string, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
  return fetch(`${server.url}/graphql/stream`, {
    method: "POST",
    headers: { authorization, accept: "text/event-stream", "content-type": "application/json", ...headers },
    body: JSON.stringify({ query }),
    signal,
  });
}

describe.each([
  ["distinct connections", false],
  ["single connection", true],
])("event streams in %s mode", (_name, single) => {
  it("carry queries, mutations and subscriptions to their completion", async () => {
    const client = open(single);
    expect(await collect(client, "{ transport }")).toEqual([{ data: { transport: "sse" } }]);
    expect(await collect(client, "mutation { touch }")).toEqual([{ data: { touch: 1 } }]);
    const counted = await collect(client, "subscription ($to: Int!) { count(to: $to) }", { to: 20 });
    expect(counted).toEqual(Array.from({ length: 20 }, (_, index) => ({ data: { count: index + 1 } })));
  });

  it("carry several operations at once", async () => {
    const client = open(single);
    const counts = await Promise.all([3, 5, 4].map((to) => collect(client, `subscription { count(to: ${to}) }`)));
    expect(counts.map((results) => results.length)).toEqual([3, 5, 4]);
  });

  it("clean up when the client leaves", async () => {
    const { cleaned, contexts } = server.observed;
    const results = open(single).iterate({ query: "subscription { quiet }" });
    const next = results.next();
    await eventually(() => server.observed.contexts > contexts);
    await results.return?.();
    await next;
    await eventually(() => server.observed.cleaned === cleaned + 1);
  });

  const faults: [string, string, string][] = [
    ["a syntax error", "{", "GRAPHQL_PARSE_FAILED"],
    ["an unknown field", "{ nothing }", "GRAPHQL_VALIDATION_FAILED"],
    ["16 levels", `{ node { ${"child { ".repeat(14)}name${" }".repeat(14)} } }`, "LIMIT_EXCEEDED"],
    ["a platform error", 'subscription { fail(how: "platform") }', "ILLEGAL_TRANSITION"],
    ["a lost database", 'subscription { fail(how: "refused") }', "DATABASE_UNAVAILABLE"],
    ["an unknown error", '{ fail(how: "unknown") }', "INTERNAL_SERVER_ERROR"],
  ];
  it.each(faults)("report %s as a result", async (_fault, query, code) => {
    const results = await collect(open(single), query);
    expect(results).toMatchObject([{ errors: [{ extensions: { code } }] }]);
    expect(JSON.stringify(results)).not.toContain("hunter2");
  });

  it("end with the masked error of a subscription that broke", async () => {
    const results = await collect(open(single), "subscription { breaks }");
    expect(results).toMatchObject([
      { data: { breaks: 1 } },
      { errors: [{ extensions: { code: "INTERNAL_SERVER_ERROR" } }] },
    ]);
    expect(JSON.stringify(results)).not.toContain("hunter2");
  });

  it("break off when the server stops, so that the client comes back", async () => {
    const took = await leastOf(1_000, async () => {
      const stopping = await startToyServer();
      const client = open(single, { url: `${stopping.url}/graphql/stream` });
      const next = client
        .iterate({ query: "subscription { quiet }" })
        .next()
        .catch((error: unknown) => error);
      await eventually(() => stopping.observed.contexts === 1);
      const from = Date.now();
      await stopping.close();
      const took = Date.now() - from;
      expect(await next).toBeInstanceOf(Error);
      expect(stopping.observed.cleaned).toBe(1);
      return took;
    });
    expect(took).toBeLessThan(1_000);
  });
});

/** A client that gets more than it reads, over a connection of its own. */
async function openFlood({ url }: HttpServer): Promise<{ request: ClientRequest; response: IncomingMessage }> {
  const request = httpRequest(`${url}/graphql/stream?query=${encodeURIComponent("subscription { flood }")}`, {
    headers: { authorization, accept: "text/event-stream" },
    agent: false,
  });
  request.end();
  const response = await new Promise<IncomingMessage>((resolve) => request.once("response", resolve));
  response.on("error", () => {});
  return { request, response };
}

describe("an event stream", () => {
  it("refuses requests without the key, or with a foreign origin", async () => {
    expect((await stream("{ transport }", { authorization: "Bearer no" })).status).toBe(401);
    expect((await stream("{ transport }", { origin: "http://evil.example.com" })).status).toBe(403);
  });

  it("can be opened by GET and by clients that accept more than events, but changes nothing by GET", async () => {
    const read = async (query: string) => {
      const url = `${server.url}/graphql/stream?query=${encodeURIComponent(query)}`;
      const response = await fetch(url, { headers: { authorization, accept: "text/event-stream, */*;q=0.5" } });
      return response.text();
    };
    expect(await read("{ transport }")).toContain('event: next\ndata: {"data":{"transport":"sse"}}');
    expect(await read("mutation { touch }")).toContain("A mutation needs POST.");
  });

  it("can be had at /graphql too, by asking for events", async () => {
    const response = await fetch(`${server.url}/graphql`, {
      method: "POST",
      headers: { authorization, accept: "text/event-stream", "content-type": "application/json" },
      body: JSON.stringify({ query: "subscription { count(to: 2) }" }),
    });
    expect((await response.text()).match(/"count":\d/g)).toEqual(['"count":1', '"count":2']);
  });

  it("answers what is no operation with an error in JSON", async () => {
    const response = await fetch(`${server.url}/graphql/stream`, {
      method: "POST",
      headers: { authorization, accept: "text/event-stream", "content-type": "application/json" },
      body: "[]",
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "BAD_REQUEST" } }] });
  });

  it("stops producing while its client does not read, and goes on when it does", async () => {
    const before = server.observed.flooded;
    const produced = () => server.observed.flooded - before;
    const { request, response } = await openFlood(server);
    await eventually(() => produced() > 0);
    await new Promise((resolve) => setTimeout(resolve, 700));
    const stalled = produced();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(produced()).toBe(stalled);
    expect(stalled).toBeLessThan(500);
    response.resume();
    await eventually(() => produced() > stalled + 50);
    const cleaned = server.observed.cleaned;
    request.destroy();
    await eventually(() => server.observed.cleaned === cleaned + 1);
  });

  it("leaves nothing behind of clients that go away in the middle of an event", async () => {
    // Such as would keep a process alive.
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    const before = timers();
    const { cleaned } = server.observed;
    for (let client = 0; client < 20; client++) {
      const { request, response } = await openFlood(server);
      await new Promise((resolve) => response.once("data", resolve));
      request.destroy();
    }
    await eventually(() => server.observed.cleaned === cleaned + 20);
    await eventually(() => timers() < before + 10);
  });

  it("of a client that does not read is cut at once when the server stops", async () => {
    const stopping = await startToyServer();
    const { request } = await openFlood(stopping);
    let settled = -1;
    await eventually(() => {
      const unchanged = settled === stopping.observed.flooded && settled > 0;
      settled = stopping.observed.flooded;
      return unchanged;
    });
    const from = Date.now();
    await stopping.close();
    // Requests in flight are given five seconds.
    expect(Date.now() - from).toBeLessThan(4_000);
    expect(stopping.observed.cleaned).toBe(1);
    request.destroy();
  });
});

import { once } from "node:events";
import { type Client, type ClientOptions, createClient } from "graphql-ws";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { HttpServer } from "../../src/transport/http.js";
import { leastOf } from "../support/least-of.js";
import { authorization, eventually, key, type Observed, startToyServer } from "./toy-server.js";

let server: HttpServer & { observed: Observed };
const clients: Client[] = [];
beforeAll(async () => {
  server = await startToyServer({ webSocketLimits: { initTimeout: 300, maxOperations: 20 } });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.dispose()));
});
afterAll(() => server.close());

const socketUrl = (url = server.url) => `${url.replace("http", "ws")}/graphql`;

function open(options: Partial<ClientOptions> = {}): Client {
  const client = createClient({
    url: socketUrl(),
    webSocketImpl: WebSocket,
    connectionParams: { authorization },
    retryAttempts: 0,
    ...options,
  });
  clients.push(client);
  return client;
}

async function collect(client: Client, query: string, variables?: Record<string, unknown>): Promise<unknown[]> {
  const results: unknown[] = [];
  for await (const result of client.iterate({ query, variables })) results.push(result);
  return results;
}

/** A socket that speaks the protocol by hand. */
function rawSocket(headers: Record<string, string> = {}, path = "/graphql", protocol = "graphql-transport-ws") {
  return new WebSocket(`ws://127.0.0.1:${server.port}${path}`, protocol, { headers });
}

async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = await once(socket, "close");
  return code;
}

/** The HTTP status by which an upgrade was refused. */
async function refusal(socket: WebSocket): Promise<number> {
  socket.on("error", () => {});
  const [, response] = await once(socket, "unexpected-response");
  response.resume();
  return response.statusCode;
}

describe("the operator key over WebSocket", () => {
  const refused: [string, unknown][] = [
    ["no parameters", undefined],
    ["empty parameters", {}],
    ["a wrong key", { authorization: `Bearer ${key}x` }],
    ["a key without Bearer", { authorization: key }],
    ["a key that is no string", { authorization: [authorization] }],
  ];
  it.each(refused)("closes the socket with 4403 on %s", async (_name, payload) => {
    const socket = rawSocket();
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "connection_init", payload }));
    expect(await closeCode(socket)).toBe(4403);
  });

  it("closes the socket on an operation before the key, and on silence", async () => {
    const early = rawSocket();
    await once(early, "open");
    early.send(JSON.stringify({ type: "subscribe", id: "1", payload: { query: "{ transport }" } }));
    expect(await closeCode(early)).toBe(4401);
    expect(await closeCode(rawSocket())).toBe(4408);
  });

  it("opens queries, mutations and subscriptions", async () => {
    const client = open();
    expect(await collect(client, "{ transport }")).toEqual([{ data: { transport: "websocket" } }]);
    expect(await collect(client, "mutation { touch }")).toEqual([{ data: { touch: 1 } }]);
    const counted = await collect(client, "subscription ($to: Int!) { count(to: $to) }", { to: 3 });
    expect(counted).toEqual([1, 2, 3].map((count) => ({ data: { count } })));
  });
});

describe("the WebSocket upgrade", () => {
  it("refuses foreign hosts and origins with 403", async () => {
    expect(await refusal(rawSocket({ host: "evil.example.com" }))).toBe(403);
    expect(await refusal(rawSocket({ origin: "http://evil.example.com" }))).toBe(403);
    expect(await refusal(rawSocket({ origin: "null" }))).toBe(403);
  });

  it("accepts the server's own origin", async () => {
    const socket = rawSocket({ origin: `http://localhost:${server.port}` });
    await once(socket, "open");
    socket.close();
  });

  it("is there at /graphql only", async () => {
    expect(await refusal(rawSocket({}, "/"))).toBe(404);
    expect(await refusal(rawSocket({}, "/graphql/stream"))).toBe(404);
  });

  it("closes a socket that does not ask for the subprotocol with 4406", async () => {
    expect(await closeCode(new WebSocket(socketUrl()))).toBe(4406);
  });
});

describe("what GraphQL refuses over WebSocket", () => {
  const deep = `{ node { ${"child { ".repeat(14)}name${" }".repeat(14)} } }`;
  const refused: [string, string, string][] = [
    ["a syntax error", "{", "GRAPHQL_PARSE_FAILED"],
    ["an unknown field", "{ nothing }", "GRAPHQL_VALIDATION_FAILED"],
    ["16 levels", deep, "LIMIT_EXCEEDED"],
    ["10,001 tokens", `{ ${"hello ".repeat(10_001)} }`, "GRAPHQL_PARSE_FAILED"],
    ["a broken subscription", "subscription { fail(how: 5) }", "GRAPHQL_VALIDATION_FAILED"],
  ];
  it.each(refused)("%s", async (_name, query, code) => {
    await expect(collect(open(), query)).rejects.toMatchObject([{ extensions: { code } }]);
  });

  it("a message above 1 MiB, by closing with 1009", async () => {
    const socket = rawSocket();
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "connection_init", payload: { authorization, text: "x".repeat(1024 * 1024) } }));
    expect(await closeCode(socket)).toBe(1009);
  });

  it("text that is no message, by closing with 4400", async () => {
    const socket = rawSocket();
    await once(socket, "open");
    socket.send("{");
    expect(await closeCode(socket)).toBe(4400);
  });

  it("more open operations than the limit, and keeps those that are open", async () => {
    const client = open();
    const quiet = Array.from({ length: 20 }, () => client.iterate({ query: "subscription { quiet }" }));
    const waiting = quiet.map((results) => results.next());
    await expect(collect(client, "{ transport }")).rejects.toMatchObject([{ extensions: { code: "LIMIT_EXCEEDED" } }]);
    await quiet[0]?.return?.();
    await eventually(() => server.observed.cleaned > 0);
    expect(await collect(client, "{ transport }")).toEqual([{ data: { transport: "websocket" } }]);
    await Promise.all(quiet.map((results) => results.return?.()));
    await Promise.all(waiting);
  });
});

describe("errors over WebSocket", () => {
  it("of the platform show their code, path and details, from queries and from subscriptions", async () => {
    const shown = { message: "The run has finished.", path: ["fail"] };
    const extensions = { code: "ILLEGAL_TRANSITION", state: "SUCCEEDED" };
    const [answer] = await collect(open(), '{ fail(how: "platform") }');
    expect(answer).toMatchObject({ data: { fail: null }, errors: [{ ...shown, extensions }] });
    const [refused] = await collect(open(), 'subscription { fail(how: "platform") }');
    expect(refused).toMatchObject({ errors: [{ ...shown, extensions }] });
  });

  it("from a lost database say so", async () => {
    const [answer] = await collect(open(), 'subscription { fail(how: "database") }');
    expect(answer).toMatchObject({ errors: [{ extensions: { code: "DATABASE_UNAVAILABLE" } }] });
  });

  it("that nobody expected are masked, also in the middle of a subscription", async () => {
    const [answer] = await collect(open(), '{ fail(how: "unknown") }');
    expect(answer).toMatchObject({ errors: [{ extensions: { code: "INTERNAL_SERVER_ERROR" } }] });
    expect(JSON.stringify(answer)).not.toContain("hunter2");
    const results = open().iterate({ query: "subscription { breaks }" });
    expect((await results.next()).value).toEqual({ data: { breaks: 1 } });
    const broken = await results.next().catch((error: unknown) => error);
    expect(broken).toMatchObject([{ extensions: { code: "INTERNAL_SERVER_ERROR" } }]);
    expect(JSON.stringify(broken)).not.toContain("hunter2");
  });
});

describe("subscriptions over WebSocket", () => {
  it("get a fresh context for each event", async () => {
    const results = (await collect(open(), "subscription { serials }")) as { data: { serials: number } }[];
    const serials = results.map((result) => result.data.serials);
    expect(new Set(serials).size).toBe(3);
  });

  it("clean up when the client completes, and when its socket breaks", async () => {
    const { cleaned, contexts } = server.observed;
    const results = open().iterate({ query: "subscription { quiet }" });
    const next = results.next();
    await eventually(() => server.observed.contexts === contexts + 1);
    await results.return?.();
    await next;
    await eventually(() => server.observed.cleaned === cleaned + 1);

    const socket = rawSocket();
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "connection_init", payload: { authorization } }));
    await once(socket, "message");
    socket.send(JSON.stringify({ type: "subscribe", id: "1", payload: { query: "subscription { quiet }" } }));
    await eventually(() => server.observed.contexts === contexts + 2);
    socket.terminate();
    await eventually(() => server.observed.cleaned === cleaned + 2);
  });

  it("stop producing while a client does not read, and go on when it does", async () => {
    const socket = rawSocket();
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "connection_init", payload: { authorization } }));
    await once(socket, "message");
    socket.pause();
    socket.send(JSON.stringify({ type: "subscribe", id: "1", payload: { query: "subscription { flood }" } }));
    let settled = -1;
    // The kernel's buffers take some; after that nothing may be produced.
    await eventually(() => {
      const unchanged = settled === server.observed.flooded && settled > 0;
      settled = server.observed.flooded;
      return unchanged;
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const stalled = server.observed.flooded;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(server.observed.flooded).toBe(stalled);
    expect(stalled).toBeLessThan(500);
    socket.resume();
    await eventually(() => server.observed.flooded > stalled + 50);
    socket.terminate();
  });

  it("lose a client that answers no ping", async () => {
    const impatient = await startToyServer({ webSocketLimits: { keepAlive: 1_000 } });
    const alive = open({ url: socketUrl(impatient.url) });
    const results = alive.iterate({ query: "subscription { quiet }" });
    const waiting = results.next();
    // It is asked before the deaf one is, and so has answered by the time that one is cut off.
    await eventually(() => impatient.observed.contexts === 1);
    const deaf = new WebSocket(socketUrl(impatient.url), "graphql-transport-ws", { autoPong: false });
    await once(deaf, "open");
    deaf.send(JSON.stringify({ type: "connection_init", payload: { authorization } }));
    expect(await closeCode(deaf)).toBe(1006);
    expect(impatient.observed.cleaned).toBe(0);
    await results.return?.();
    await waiting;
    await impatient.close();
  });

  it("end with 1001 when the server stops, with their cleanup, within a second", async () => {
    const took = await leastOf(1_000, async () => {
      const stopping = await startToyServer();
      const closed: number[] = [];
      const client = open({
        url: socketUrl(stopping.url),
        on: { closed: (event) => closed.push((event as { code: number }).code) },
      });
      const next = client
        .iterate({ query: "subscription { quiet }" })
        .next()
        .catch((event: unknown) => event);
      await eventually(() => stopping.observed.contexts === 1);
      const from = Date.now();
      await stopping.close();
      const took = Date.now() - from;
      expect(await next).toMatchObject({ code: 1001 });
      expect(closed).toEqual([1001]);
      expect(stopping.observed.cleaned).toBe(1);
      return took;
    });
    expect(took).toBeLessThan(1_000);
  });

  it("of a client that does not close its side are cut when the server stops", async () => {
    const stopping = await startToyServer();
    const socket = new WebSocket(socketUrl(stopping.url), "graphql-transport-ws");
    await once(socket, "open");
    socket.pause();
    const from = Date.now();
    await stopping.close();
    expect(Date.now() - from).toBeLessThan(4_000);
    socket.terminate();
  });
});

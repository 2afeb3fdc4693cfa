import { connect } from "node:net";
import { createClient } from "graphql-ws";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { HttpServer } from "../../src/transport/http.js";
import { answerTo, badRequests, halfOpenUpgrades, sendRaw } from "./bad-requests.js";
import { authorization, eventually, type Observed, post, startToyServer } from "./toy-server.js";

// An error that escapes a listener fails this file: Vitest reports what is unhandled.
let server: HttpServer & { observed: Observed };
beforeAll(async () => {
  server = await startToyServer();
});
afterAll(() => server.close());

const answers = async () => (await post(server.url, { query: "{ transport }" })).body.data.transport;

describe("requests that no honest client sends", () => {
  it.each(badRequests)("%s", async (_what, text) => {
    const answer = await answerTo(server.port, text);
    expect(answer).not.toMatch(/^HTTP\/1.1 5/);
    // No stack, which names files; `//` is the page, whose scripts name some of their own.
    if (!answer.includes("text/html")) expect(answer).not.toContain("node_modules");
    expect(await answers()).toBe("http");
  });

  it("are told what is wrong", async () => {
    const status = async (what: string) => {
      const [, text = ""] = badRequests.find(([name]) => name === what) ?? [];
      return (await answerTo(server.port, text)).slice(0, 12);
    };
    expect(await status("an upgrade for //")).toBe("HTTP/1.1 404");
    expect(await status("an upgrade without a key")).toBe("HTTP/1.1 400");
    expect(await status("an upgrade without a Host")).toBe("HTTP/1.1 403");
    expect(await status("huge headers")).toBe("HTTP/1.1 431");
    expect(await status("a request for /artifacts/%")).toBe("HTTP/1.1 403");
    expect(await status("no request line")).toBe("HTTP/1.1 400");
  });

  it("nor are upgrades whose client is gone at once", async () => {
    for (const [what, text] of badRequests.filter(([what]) => what.startsWith("an upgrade"))) {
      const socket = await sendRaw(server.port, text);
      if (what.length % 2) socket.resetAndDestroy();
      else socket.destroy();
    }
    expect(await answers()).toBe("http");
  });

  it("an upgrade whose target is a whole URL is served, as RFC 9112 (3.2.2) has it", async () => {
    const target = `http://127.0.0.1:${server.port}/graphql?x#y`;
    const answer = await answerTo(
      server.port,
      `GET ${target} HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1.1 101 /);
  });

  it("300 refused upgrades whose clients keep their half open are all destroyed", async () => {
    expect(await halfOpenUpgrades(server.port, 300, 1_200)).toBe(0);
    expect(await answers()).toBe("http");
  });

  it("refused WebSockets whose clients do not say goodbye are destroyed", async () => {
    const quick = await startToyServer({ webSocketLimits: { initTimeout: 100, closeTimeout: 200 } });
    const handshake =
      "GET /graphql HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n";
    const socket = await sendRaw(quick.port, handshake, true);
    socket.resume();
    await new Promise((resolve) => setTimeout(resolve, 800));
    socket.write("x");
    await eventually(() => {
      if (!socket.destroyed) socket.write("x");
      return socket.destroyed;
    }, 5_000);
    await quick.close();
  });
});

describe("messages of a WebSocket that no honest client sends", () => {
  const messages = [
    "{",
    "5",
    "[]",
    '{"type":"subscribe"}',
    '{"type":"constructor"}',
    '{"type":"subscribe","id":"__proto__","payload":{"query":"{ transport }","variables":5}}',
    '{"type":"subscribe","id":"1","payload":{"query":"{ transport }","operationName":{}}}',
    '{"type":"connection_init","payload":{"authorization":{"length":9}}}',
    '{"type":"ping","payload":[1]}',
    `{"type":"${"ü".repeat(200)}"}`,
  ];
  it.each(messages)("%s", async (message) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/graphql`, "graphql-transport-ws");
    socket.on("open", () => {
      socket.send(JSON.stringify({ type: "connection_init", payload: { authorization } }));
      socket.send(message);
    });
    await new Promise((resolve) => {
      socket.once("close", resolve);
      setTimeout(resolve, 300);
    });
    socket.terminate();
    expect(await answers()).toBe("http");
  });

  it("a failure with a long message in another script closes the socket and nothing else", async () => {
    const failing = await startToyServer({ createContext: () => Promise.reject(new Error("ü".repeat(500))) });
    const client = createClient({
      ...{ url: `ws://127.0.0.1:${failing.port}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 },
      connectionParams: { authorization },
    });
    const results = (async () => {
      for await (const _result of client.iterate({ query: "{ transport }" })) throw new Error("it was answered");
    })();
    await expect(results).rejects.toMatchObject({ code: 4500 });
    await failing.close();
  });
});

describe("names of what every JavaScript object has", () => {
  const names = ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"];

  async function streamRequest(method: string, token: string, options: { query?: string; body?: object } = {}) {
    const response = await fetch(`${server.url}/graphql/stream${options.query ?? ""}`, {
      method,
      headers: {
        authorization,
        ...(token && { "x-graphql-event-stream-token": token }),
        ...(options.body && { "content-type": "application/json" }),
      },
      body: options.body && JSON.stringify(options.body),
    });
    return { status: response.status, text: await response.text() };
  }

  it.each(names)("%s is an event stream's token like any other", async (token) => {
    const operation = { query: "{ transport }", extensions: { operationId: "1" } };
    for (const [header, query] of [
      [token, ""],
      ["", `?token=${token}`],
    ] as const) {
      // There is no such stream yet.
      expect((await streamRequest("POST", header, { query, body: operation })).status).toBe(404);
      expect((await streamRequest("DELETE", header, { query: `${query || "?"}&operationId=1` })).status).toBe(404);
    }
    expect(await streamRequest("PUT", token)).toEqual({ status: 201, text: token });
    expect((await streamRequest("PUT", token)).status).toBe(409);
    expect((await streamRequest("POST", token, { body: operation })).status).toBe(202);
    const aborter = new AbortController();
    const events = await fetch(`${server.url}/graphql/stream`, {
      headers: { authorization, accept: "text/event-stream", "x-graphql-event-stream-token": token },
      signal: aborter.signal,
    });
    let text = "";
    for await (const chunk of events.body ?? []) {
      text += Buffer.from(chunk);
      if (text.includes("event: complete")) break;
    }
    expect(text).toContain('{"id":"1","payload":{"data":{"transport":"sse"}}}');
    aborter.abort();
  });

  it.each(names)("%s as an event stream's token without a reservation opens a stream of its own", async (token) => {
    const response = await fetch(`${server.url}/graphql/stream?query=%7Btransport%7D&token=${token}`, {
      headers: { authorization, accept: "text/event-stream" },
    });
    expect(await response.text()).toContain('"transport":"sse"');
  });

  it.each([...names, { toString: 1 }, [1], true])("%j as the id of an operation is refused with 400", async (id) => {
    const token = (await streamRequest("PUT", "")).text;
    const body = { query: "{ transport }", extensions: { operationId: id } };
    const refused = await streamRequest("POST", token, { body });
    expect([refused.status, JSON.parse(refused.text).errors[0].extensions.code]).toEqual([400, "BAD_REQUEST"]);
    expect(refused.text).toContain("operationId");
    expect((await streamRequest("POST", token, { body: { ...body, extensions: { operationId: "1" } } })).status).toBe(
      202,
    );
  });

  it.each(names)("%s as an operation's name or a variable's is the client's own", async (name) => {
    const query = `query ${name.replaceAll("__", "x")} { transport }`;
    expect(await post(server.url, { query, operationName: name.replaceAll("__", "x") })).toMatchObject({ status: 200 });
    expect(await post(server.url, { query: "query a { transport }", operationName: name })).toMatchObject({
      status: 400,
      body: { errors: [{ extensions: { code: "OPERATION_RESOLUTION_FAILURE" } }] },
    });
    const json = `query ($${name}: JSON) { json(value: $${name}) }`;
    // A variable that was not given is absent, whatever every object has under its name.
    expect((await post(server.url, { query: json })).body).toEqual({ data: { json: null } });
    const required = json.replace("JSON", "JSON!");
    expect((await post(server.url, { query: required })).body.errors[0].extensions.code).toBe("BAD_USER_INPUT");
    expect((await post(server.url, `{"query":"{transport}","${name}":1}`)).status).not.toBe(500);
  });
});

describe("a client that is silent between two requests", () => {
  it("for seven seconds keeps its connection", async () => {
    const socket = connect(server.port, "127.0.0.1").setEncoding("latin1");
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    const request = `GET /health/live HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`;
    socket.write(request);
    await eventually(() => text.includes('{"live":true}'));
    // Clients and proxies close what they keep after 60 s, browsers after 300 s, Google's load balancers after 600 s.
    expect(Number(/keep-alive: timeout=(\d+)/i.exec(text)?.[1])).toBeGreaterThan(600);
    text = "";
    await new Promise((resolve) => setTimeout(resolve, 7_000));
    expect(socket.readyState).toBe("open");
    socket.write(request);
    await eventually(() => text.includes('{"live":true}'));
    socket.destroy();
  });

  it("does not keep the server from stopping at once", async () => {
    const stopping = await startToyServer();
    const sockets = await Promise.all(
      Array.from({ length: 20 }, () => sendRaw(stopping.port, "GET /health/live HTTP/1.1\r\nHost: HOST\r\n\r\n")),
    );
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once("data", resolve))));
    const from = performance.now();
    await stopping.close();
    expect(performance.now() - from).toBeLessThan(1_500);
    for (const socket of sockets) socket.destroy();
  });
});

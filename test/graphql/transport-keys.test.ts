import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { HttpServer } from "../../src/transport/http.js";
import { authorization, type Observed, post, startToyServer } from "./toy-server.js";

let server: HttpServer & { observed: Observed };
beforeEach(async () => {
  server = await startToyServer();
});
afterEach(() => server.close());

const wrong = "Bearer pk_wrong-key-0123456789abcdefghijklmnopqrst";

async function overHttp(path: string): Promise<{ refusal: string; wait: number }> {
  const accept = path.endsWith("stream") ? "text/event-stream" : "application/json";
  const response = await fetch(server.url + path, {
    method: "POST",
    headers: { authorization: wrong, accept, "content-type": "application/json" },
    body: '{"query":"{ transport }"}',
  });
  const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
  expect(errors[0]?.extensions.code).toBe("UNAUTHENTICATED");
  return { refusal: String(response.status), wait: Number(response.headers.get("retry-after")) };
}

async function overWebSocket(): Promise<{ refusal: string; wait: number }> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/graphql`, "graphql-transport-ws");
  await once(socket, "open");
  socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: wrong } }));
  const [code, reason] = await once(socket, "close");
  return { refusal: String(code), wait: Number(/try again in (\d+) s/.exec(String(reason))?.[1] ?? 0) };
}

const transports: [string, () => Promise<{ refusal: string; wait: number }>, string, string][] = [
  ["HTTP", () => overHttp("/graphql"), "401", "429"],
  ["SSE", () => overHttp("/graphql/stream"), "401", "429"],
  ["WebSocket", overWebSocket, "4403", "4403"],
];

describe.each(transports)("a thousand wrong keys over %s", (_name, attempt, first, later) => {
  it("are told to wait longer and longer, leave a trace, and keep nobody with the right key out", async () => {
    const answers: { refusal: string; wait: number }[] = [];
    for (let batch = 0; batch < 100; batch++)
      answers.push(...(await Promise.all(Array.from({ length: batch < 2 ? 1 : 10 }, attempt))));
    while (answers.length < 1_000) answers.push(await attempt());
    expect(answers[0]).toEqual({ refusal: first, wait: 0 });
    expect(answers.filter(({ wait }) => wait === 0)).toHaveLength(10);
    expect(answers.at(-1)).toEqual({ refusal: later, wait: 60 });
    const waits = new Set(answers.map(({ wait }) => wait));
    expect([...waits].sort((a, b) => a - b)).toEqual([0, 1, 2, 4, 8, 16, 32, 60]);

    const from = performance.now();
    const { status, body } = await post(server.url, { query: "{ transport }" });
    expect([status, body.data.transport]).toEqual([200, "http"]);
    expect(performance.now() - from).toBeLessThan(500);
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/graphql`, "graphql-transport-ws");
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "connection_init", payload: { authorization } }));
    expect(String((await once(socket, "message"))[0])).toContain("connection_ack");
    socket.close();

    await server.close();
    const { logged } = server.observed;
    expect(logged.length).toBeGreaterThanOrEqual(2);
    expect(logged.length).toBeLessThan(10);
    const told = logged.flatMap(({ fields }) => fields.from as { remoteAddress: string; wrongKeys: number }[]);
    expect(new Set(told.map(({ remoteAddress }) => remoteAddress.replace("::ffff:", "")))).toEqual(
      new Set(["127.0.0.1"]),
    );
    expect(told.reduce((sum, { wrongKeys }) => sum + wrongKeys, 0)).toBe(1_000);
    expect(JSON.stringify(logged)).not.toContain("wrong-key-");
  });
});

it("one that is missing is always answered with 401", async () => {
  for (let count = 0; count < 50; count++) {
    const response = await fetch(`${server.url}/graphql`, { method: "POST", body: "{}" });
    expect(response.status).toBe(401);
  }
  expect(server.observed.logged).toEqual([]);
});

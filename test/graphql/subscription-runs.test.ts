import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { publish } from "../../src/pubsub/topics.js";
import type { HttpServer } from "../../src/transport/http.js";
import { type Answer, type Api, openApi } from "./api.js";
import { id, seed } from "./seed.js";
import { authorization, post } from "./toy-server.js";
import { startApiServer } from "./transports.js";

let api: Api;
let server: HttpServer;
beforeAll(async () => {
  api = await openApi();
  await seed(api.platform.db, 20);
  server = await startApiServer(api.platform);
});
afterEach(() => expect(api.platform.wakeups.open).toBe(0));
afterAll(async () => {
  await server.close();
  await api.close();
});

const query = "subscription ($filter: RunFilter) { runs(filter: $filter) { id state progress { step } } }";

interface Told {
  id: string;
  state: string;
  progress: { step: number };
}

/** Makes some runs stand at a step, and tells so. */
async function move(numbers: number[], step: number, state = "RUNNING"): Promise<void> {
  const { db } = api.platform;
  const runIds = numbers.map((number) => id("run", number));
  await db.query("UPDATE run SET progress = $1, state = $2, updated_at = clock_timestamp() WHERE id = ANY($3)", [
    JSON.stringify({ epoch: 1, epochs: 1, step, steps: 1e6 }),
    state,
    runIds,
  ]);
  await publish(db, { type: "run", runId: runIds[0] ?? "" });
}

/** A subscriber and all that it has been told. */
function follow(filter?: object) {
  const events = api.follow(query, { filter });
  const told: Told[] = [];
  const done = (async () => {
    for await (const { data, errors } of events) {
      if (errors) throw new Error(JSON.stringify(errors));
      told.push(data.runs);
    }
  })();
  async function stop(): Promise<void> {
    await events.return(undefined);
    await done;
  }
  return { told, stop };
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`still not so: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const steps = (told: Told[], number: number) =>
  told.filter((run) => run.id === id("run", number)).map(({ progress }) => progress.step);

describe("live runs", () => {
  test("are read and answered once for all subscribers", async () => {
    const measure = async (count: number, step: number) => {
      const subscribers = Array.from({ length: count }, () => follow());
      await until(() => subscribers.every(({ told }) => told.length >= 20));
      await move([1], step - 1);
      await until(() => subscribers.every(({ told }) => steps(told, 1).at(-1) === step - 1));
      const sent = vi.spyOn(pg.Query.prototype, "submit");
      const contexts = api.contexts;
      await move([1], step);
      await until(() => subscribers.every(({ told }) => steps(told, 1).at(-1) === step));
      const used = { statements: sent.mock.calls.length, executions: api.contexts - contexts };
      sent.mockRestore();
      for (const { told } of subscribers) {
        // In their own order at first, each once, and nothing twice later.
        expect(told.slice(0, 20).map((run) => run.id)).toEqual(Array.from({ length: 20 }, (_, i) => id("run", i + 1)));
        expect(steps(told, 1).slice(-2)).toEqual([step - 1, step]);
        expect(told).toHaveLength(22);
      }
      await Promise.all(subscribers.map(({ stop }) => stop()));
      return used;
    };
    const [one, many] = [await measure(1, 11), await measure(300, 21)];
    expect(many.executions).toBe(1);
    // A poll may come between.
    expect(many.statements).toBeLessThanOrEqual(one.statements + 3);
  });

  test("go to those whose filter they fit, with a statement for many filters", async () => {
    const subscribers = Array.from({ length: 20 }, (_, index) => follow({ id: { eq: id("run", index + 1) } }));
    const running = follow({ state: { eq: "RUNNING" }, model: { in: ["model-2", "model-3"] } });
    await until(() => subscribers.every(({ told }) => told.length === 1) && running.told.length === 2);
    const sent = vi.spyOn(pg.Query.prototype, "submit");
    await move([2, 5], 31);
    await until(() => steps(subscribers[1]?.told ?? [], 2).at(-1) === 31 && steps(running.told, 2).at(-1) === 31);
    await until(() => steps(subscribers[4]?.told ?? [], 5).at(-1) === 31);
    expect(sent.mock.calls.length).toBeLessThan(12);
    sent.mockRestore();
    expect(subscribers.map(({ told }) => told.length)).toEqual(
      Array.from({ length: 20 }, (_, index) => (index === 1 || index === 4 ? 2 : 1)),
    );
    await move([3], 32, "PAUSED");
    await until(() => subscribers[2]?.told.at(-1)?.state === "PAUSED");
    expect(running.told.every(({ state }) => state === "RUNNING")).toBe(true);
    await move([3], 33);
    await until(() => steps(running.told, 3).at(-1) === 33);
    await Promise.all([...subscribers, running].map(({ stop }) => stop()));
  });

  test("that change while a subscriber does not read are told by their newest state", async () => {
    const fast = follow();
    const events = api.follow(query, {});
    const next = async (): Promise<Told> => ((await events.next()).value as Answer).data.runs;
    for (let index = 0; index < 20; index++) await next();
    await until(() => fast.told.length === 20);
    for (const step of [41, 42, 43]) {
      await move([4, 6], step);
      await until(() => steps(fast.told, 6).at(-1) === step);
    }
    await move([6], 44, "FAILED");
    await until(() => steps(fast.told, 6).at(-1) === 44);
    expect(steps(fast.told, 4).slice(-3)).toEqual([41, 42, 43]);
    expect(await next()).toMatchObject({ id: id("run", 4), progress: { step: 43 } });
    expect(await next()).toMatchObject({ id: id("run", 6), state: "FAILED", progress: { step: 44 } });
    const pending = next();
    await move([7], 45);
    expect(await pending).toMatchObject({ id: id("run", 7), progress: { step: 45 } });
    await events.return(undefined);
    await fast.stop();
    const late = follow();
    await until(() => late.told.length === 19);
    expect(late.told.map((run) => run.id)).not.toContain(id("run", 6));
    await late.stop();
  });

  test("of 2,000 subscriptions on one socket leave other requests their turns", async () => {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
    let received = 0;
    await new Promise<void>((resolve, reject) => {
      socket.on("error", reject);
      socket.on("open", () => socket.send(JSON.stringify({ type: "connection_init", payload: { authorization } })));
      socket.on("message", (data) => {
        received += 1;
        if (!String(data).includes("connection_ack")) return;
        for (let index = 0; index < 2_000; index++)
          socket.send(JSON.stringify({ id: String(index), type: "subscribe", payload: { query } }));
        resolve();
      });
    });
    await until(() => received > 2_000 * 19);
    let step = 100;
    const changing = setInterval(() => void move([1], ++step), 100);
    const times: number[] = [];
    const before = received;
    const ended = Date.now() + 5_000;
    while (Date.now() < ended) {
      const started = performance.now();
      const { body } = await post(server.url, { query: `{ run(id: "${id("run", 2)}") { id } }` });
      expect(body.data.run.id).toBe(id("run", 2));
      times.push(performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    clearInterval(changing);
    times.sort((a, b) => a - b);
    socket.close();
    await until(() => api.platform.wakeups.open === 0);
    // Every subscription is told, up to four times a second; the client's own work is in the same process.
    expect(received - before).toBeGreaterThan(2_000 * 3);
    expect(times[times.length >> 1]).toBeLessThan(250);
  }, 60_000);
});

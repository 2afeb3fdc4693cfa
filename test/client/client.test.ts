import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { type Client, createClient } from "../../src/client/client.js";
import { ClientError } from "../../src/client/client-error.js";
import { type BreakableLink, key, type LogServer, startBreakableLink, startLogServer } from "./log-server.js";

const length = 60;
let server: LogServer;
let link: BreakableLink;
const clients: Client[] = [];
beforeAll(async () => {
  server = await startLogServer({ length, intervalMs: 10 });
  link = await startBreakableLink(server.url);
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await link.close();
  await server.close();
});

function client(url = server.url, withKey = key): Client {
  const created = createClient({ url, key: withKey });
  clients.push(created);
  return created;
}

interface Entry {
  log: { cursor: string; value: number };
}
const log = "subscription ($after: String) { log(after: $after) { cursor value } }";
const cursorOf = (item: Entry) => item.log.cursor;
const all = Array.from({ length }, (_, index) => index + 1);

async function values(items: AsyncIterable<Entry>): Promise<number[]> {
  const seen: number[] = [];
  for await (const item of items) seen.push(item.log.value);
  return seen;
}

async function failure(work: Promise<unknown>): Promise<ClientError> {
  const error = await work.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(ClientError);
  return error;
}

/** The address of a port that nobody listens on. */
async function deadUrl(): Promise<string> {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as AddressInfo;
  await new Promise((resolve) => taken.close(resolve));
  return `http://127.0.0.1:${port}`;
}

describe("a request", () => {
  it("answers the data", async () => {
    const document = "query ($of: Int) { double(of: $of) }";
    expect(await client().request(document, { of: 21 })).toEqual({ double: 42 });
  });

  it("throws what the API refused, with its code, its path and its details", async () => {
    const error = await failure(client().request("{ refused }"));
    expect(error).toMatchObject({ code: "NOT_FOUND", message: "there is no run" });
    expect(error.errors).toMatchObject([{ path: ["refused"], extensions: { run: 7 } }]);
  });

  it("throws every message of an answer with several errors", async () => {
    const error = await failure(client().request("{ nothing nowhere }"));
    expect(error.code).toBe("GRAPHQL_VALIDATION_FAILED");
    expect(error.message.split("\n")).toHaveLength(2);
    expect(error.errors).toHaveLength(2);
  });

  it("throws UNAUTHENTICATED on a wrong key", async () => {
    expect((await failure(client(server.url, "wrong").request("{ double(of: 1) }"))).code).toBe("UNAUTHENTICATED");
  });

  it("throws CONNECTION_LOST, with the reason, where nobody listens", async () => {
    const error = await failure(client(await deadUrl()).request("{ double(of: 1) }"));
    expect(error).toMatchObject({ code: "CONNECTION_LOST", message: expect.stringContaining("ECONNREFUSED") });
  });

  it("throws BAD_RESPONSE when something else answers", async () => {
    const other = createServer((_, response) => response.end("<html>"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    expect((await failure(client(`http://127.0.0.1:${port}`).request("{ double(of: 1) }"))).code).toBe("BAD_RESPONSE");
    other.closeAllConnections();
    other.close();
  });

  it("in flight ends with CLOSED when the client is closed, and a later one at once", async () => {
    const closing = client();
    const pending = failure(closing.request("{ slow }"));
    setTimeout(closing.close, 50);
    expect((await pending).code).toBe("CLOSED");
    expect((await failure(closing.request("{ slow }"))).code).toBe("CLOSED");
  });
});

describe("a subscription", () => {
  it("yields every item and ends with the server's completion", async () => {
    expect(await values(client().subscribe<Entry>(log))).toEqual(all);
  });

  it("ends on the server when its loop is left", async () => {
    const before = server.cleaned;
    for await (const _ of client().subscribe<Entry>(log)) break;
    await expect.poll(() => server.cleaned, { timeout: 20_000 }).toBe(before + 1);
  });

  const refused: [string, string, string, string][] = [
    ["what GraphQL refuses", key, "subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"],
    ["what the API refuses", key, "subscription { refused }", "BAD_CURSOR"],
    ["a wrong key", "wrong", log, "UNAUTHENTICATED"],
  ];
  it.each(refused)("throws on %s", async (_name, withKey, document, code) => {
    expect((await failure(values(client(server.url, withKey).subscribe(document)))).code).toBe(code);
  });

  it("throws CONNECTION_LOST after a break, and does not start again by itself", async () => {
    const before = link.connections;
    const seen: number[] = [];
    const work = (async () => {
      for await (const { log: entry } of client(link.url).subscribe<Entry>(log)) {
        seen.push(entry.value);
        if (entry.value === 5) link.cut();
      }
    })();
    expect((await failure(work)).code).toBe("CONNECTION_LOST");
    expect(seen).toEqual(all.slice(0, seen.length));
    expect(link.connections).toBe(before + 1);
  });

  it("takes a close that looks normal for a loss when the server did not complete it", async () => {
    const polite = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    polite.on("connection", (socket) => {
      socket.on("message", (text) => {
        if (JSON.parse(String(text)).type === "connection_init") socket.send('{"type":"connection_ack"}');
        else socket.close(1000);
      });
    });
    await once(polite, "listening");
    const { port } = polite.address() as AddressInfo;
    const error = await failure(values(client(`http://127.0.0.1:${port}`).subscribe<Entry>(log)));
    expect(error.code).toBe("CONNECTION_LOST");
    polite.close();
  });

  it("ends with CLOSED when the client is closed", async () => {
    const closing = client();
    const pending = failure(values(closing.subscribe<Entry>("subscription { quiet }")));
    setTimeout(closing.close, 50);
    expect((await pending).code).toBe("CLOSED");
  });
});

describe("following", () => {
  it("sees every item exactly once over many breaks", async () => {
    const before = link.connections;
    const cutting = setInterval(() => link.cut(), 200);
    const seen = await values(client(link.url).follow(log, {}, cursorOf));
    clearInterval(cutting);
    expect(seen).toEqual(all);
    expect(link.connections - before).toBeGreaterThan(2);
  });

  it("waits for a server that is not there yet", async () => {
    const url = await deadUrl();
    const following = values(client(url).follow(log, {}, cursorOf));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const late = await startBreakableLink(server.url, Number(new URL(url).port));
    expect(await following).toEqual(all);
    await late.close();
  });

  it("goes on after the database was away", async () => {
    const shaky = log.replace("log(", "log: shaky(");
    expect(await values(client().follow(shaky, {}, cursorOf))).toEqual(all);
  });

  const final: [string, string, string, string][] = [
    ["what the API refuses", key, "subscription ($after: String) { refused(after: $after) }", "BAD_CURSOR"],
    ["a wrong key", "wrong", log, "UNAUTHENTICATED"],
  ];
  it.each(final)("throws on %s", async (_name, withKey, document, code) => {
    expect((await failure(values(client(server.url, withKey).follow(document, {}, cursorOf)))).code).toBe(code);
  });

  it("ends when its loop is left, also on the server", async () => {
    const before = server.cleaned;
    for await (const item of client().follow(log, {}, cursorOf)) if (item.log.value === 3) break;
    await expect.poll(() => server.cleaned, { timeout: 20_000 }).toBe(before + 1);
  });

  it("ends with CLOSED when the client is closed, also between two attempts", async () => {
    const closing = client(await deadUrl());
    const pending = failure(values(closing.follow(log, {}, cursorOf)));
    setTimeout(closing.close, 250);
    expect((await pending).code).toBe("CLOSED");
  });
});

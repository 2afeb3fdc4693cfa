import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PlatformError } from "../../src/errors.js";
import { silent } from "../../src/logger.js";
import { readConfig } from "../../src/programs/config.js";
import { startServer } from "../../src/programs/server.js";
import { readinessLimits, sharedReadiness } from "../../src/transport/health.js";
import { testDatabase } from "../support/database.js";
import { postgresStatements, startTcpProxy } from "../support/tcp-proxy.js";
import { eventually, startToyServer } from "./toy-server.js";

const ask = async (url: string) => {
  const response = await fetch(`${url}/health/ready`);
  return { status: response.status, body: (await response.json()) as { ready: boolean; reasons: string[] } };
};

describe("/health/ready", () => {
  it("asks once for 200 callers at once, and once more a second later", async () => {
    let checks = 0;
    const server = await startToyServer({
      async readiness() {
        checks += 1;
        await new Promise((resolve) => setTimeout(resolve, 100));
        return { ready: true, reasons: [] };
      },
    });
    const from = performance.now();
    const all = await Promise.all(Array.from({ length: 200 }, () => ask(server.url)));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    // On a busy machine the callers may come over more than a second.
    const first = checks;
    expect(first).toBeLessThanOrEqual(1 + (performance.now() - from) / readinessLimits.freshFor);
    await new Promise((resolve) => setTimeout(resolve, readinessLimits.freshFor + 50));
    await ask(server.url);
    await ask(server.url);
    expect(checks).toBe(first + 1);
    await server.close();
  });

  it("says no where the check takes too long, and starts no second one meanwhile", async () => {
    let checks = 0;
    let release = () => {};
    const server = await startToyServer({
      readiness() {
        checks += 1;
        return new Promise((resolve) => {
          release = () => resolve({ ready: true, reasons: [] });
        });
      },
    });
    const from = performance.now();
    const { status, body } = await ask(server.url);
    expect(performance.now() - from).toBeLessThan(readinessLimits.deadline + 1_000);
    expect([status, body.ready, body.reasons[0]]).toEqual([503, false, expect.stringContaining("longer than 2000 ms")]);
    await new Promise((resolve) => setTimeout(resolve, readinessLimits.unreadyFreshFor + 50));
    expect((await ask(server.url)).status).toBe(503);
    expect(checks).toBe(1);
    release();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await ask(server.url)).status).toBe(200);
    expect(checks).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, readinessLimits.freshFor));
    const later = ask(server.url);
    await eventually(() => checks === 2);
    release();
    expect((await later).status).toBe(200);
    await server.close();
  });

  it("shows the platform's words, and logs the cause once until it is over", async () => {
    const warned: object[] = [];
    let time = 0;
    let failing = true;
    const check = sharedReadiness(
      async () => {
        if (failing)
          throw new PlatformError("DATABASE_UNAVAILABLE", "Postgres does not answer", {}, { cause: "hunter2" });
        return { ready: true, reasons: [] };
      },
      { ...silent, warn: (fields) => void warned.push(fields) },
      () => time,
    );
    for (let turn = 0; turn < 10; turn++) {
      expect(await check()).toEqual({ ready: false, reasons: ["Postgres does not answer"] });
      time += readinessLimits.unreadyFreshFor;
    }
    expect(warned).toHaveLength(1);
    failing = false;
    expect(await check()).toEqual({ ready: true, reasons: [] });
    failing = true;
    time += readinessLimits.freshFor;
    await check();
    expect(warned).toHaveLength(2);
  });

  it("of a server alone does not wait for a worker; of one that was started with a worker it does", async () => {
    const database = await testDatabase();
    const dataDirectory = await mkdtemp(join(tmpdir(), "perennial-readiness-"));
    const config = readConfig({ PERENNIAL_DATA_DIR: dataDirectory, PORT: "0" });
    const alone = await startServer(config, database.url, silent, false);
    const beside = await startServer(config, database.url, silent, true);
    try {
      expect(await ask(alone.url)).toEqual({ status: 200, body: { ready: true, reasons: [] } });
      expect(await ask(beside.url)).toEqual({ status: 503, body: { ready: false, reasons: ["no worker is alive"] } });
    } finally {
      await alone.close();
      await beside.close();
      await database.close();
      await rm(dataDirectory, { recursive: true, force: true });
    }
  });

  it("of the real server says without the driver's words that Postgres is away, and when it is back", async () => {
    const database = await testDatabase();
    const { port, hostname } = new URL(database.url);
    const proxy = await startTcpProxy({ port: Number(port), host: hostname }, postgresStatements);
    const url = new URL(database.url);
    url.hostname = "127.0.0.1";
    url.port = String(proxy.port);
    const dataDirectory = await mkdtemp(join(tmpdir(), "perennial-readiness-"));
    const config = readConfig({ PERENNIAL_DATA_DIR: dataDirectory, PORT: "0" });
    const server = await startServer(config, url.href, silent);
    try {
      expect(await ask(server.url)).toEqual({ status: 503, body: { ready: false, reasons: ["no worker is alive"] } });
      proxy.swallow({ forNew: true });
      await new Promise((resolve) => setTimeout(resolve, readinessLimits.unreadyFreshFor + 50));
      const from = performance.now();
      const answers = await Promise.all(Array.from({ length: 200 }, () => ask(server.url)));
      expect(performance.now() - from).toBeLessThan(readinessLimits.deadline + 1_500);
      for (const { status, body } of answers) {
        expect(status).toBe(503);
        expect(body.reasons).toEqual([`The readiness check has taken longer than ${readinessLimits.deadline} ms.`]);
      }
      proxy.restore();
      proxy.reset();
      const deadline = Date.now() + 20_000;
      const seen = new Set<string>();
      for (let last = ""; last !== "no worker is alive" && Date.now() < deadline; ) {
        last = (await ask(server.url)).body.reasons[0] ?? "";
        seen.add(last);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(seen).toContain("no worker is alive");
      const own = ["no worker is alive", "Postgres does not answer", answers[0]?.body.reasons[0]];
      for (const reason of seen) expect(own).toContain(reason);
    } finally {
      await server.close();
      await proxy.close();
      await database.close();
      await rm(dataDirectory, { recursive: true, force: true });
    }
  });
});

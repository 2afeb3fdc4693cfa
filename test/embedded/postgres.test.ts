import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isRunning } from "../../src/embedded/processes.js";
import { existingCluster, familyOf, inProcess, query, start, temporaryFolder } from "./support.js";

/** A stopped cluster that tests may start when they do not need one of their own. */
let existing: string;

beforeAll(async () => {
  existing = await existingCluster();
});
afterAll(() => rm(existing, { recursive: true, force: true }));

test("a first start creates a private cluster that answers queries, and a stop leaves no process and no lock", async () => {
  const dataDirectory = join(await temporaryFolder(), "data");
  const db = await start({ dataDirectory });
  expect(db.url).toMatch(new RegExp(`^postgres://platform:[0-9a-f]{64}@127\\.0\\.0\\.1:${db.port}/perennial$`));
  const settings = await query(
    db,
    `SELECT current_setting('TimeZone') AS zone, current_setting('fsync') AS fsync, current_database() AS name,
            current_setting('listen_addresses') AS listen,
            pg_encoding_to_char(encoding) AS encoding FROM pg_database WHERE datname = current_database()`,
  );
  expect(settings).toEqual([{ zone: "UTC", fsync: "on", name: "perennial", listen: "127.0.0.1", encoding: "UTF8" }]);
  // The fifth line names the directory of a Unix socket.
  expect((await readFile(join(dataDirectory, "postgres/postmaster.pid"), "utf8")).split("\n")[4]).toBe("");
  const rules = (await readFile(join(dataDirectory, "postgres/pg_hba.conf"), "utf8")).split("\n");
  for (const rule of rules.filter((line) => /^\w/.test(line))) expect(rule).toMatch(/scram-sha-256$/);
  await expect(query({ url: db.url.replace(/:[0-9a-f]{64}@/, ":wrong@") }, "SELECT 1")).rejects.toThrow(/password/);

  const modes = { ".": 0o700, postgres: 0o700, "postgres.secret": 0o600, "postgres.lock": 0o700 };
  for (const [name, mode] of Object.entries(modes))
    expect((await stat(join(dataDirectory, name))).mode & 0o777, name).toBe(mode);

  // A session of its own is out of reach of a terminal's Ctrl-C.
  const group = execFileSync("ps", ["-o", "pgid=", "-p", String(db.pid)], { encoding: "utf8" });
  expect(Number(group)).toBe(db.pid);

  const family = familyOf(db.pid);
  expect(family.length).toBeGreaterThan(3);
  await db.stop();
  expect(family.filter(isRunning)).toEqual([]);
  expect(await readdir(join(dataDirectory, "postgres.lock"))).toEqual([]);
  expect((await readdir(dataDirectory)).filter((name) => name.startsWith("postgres.new"))).toEqual([]);
  await db.stop();
});

test("a second start on a live directory is refused with the owner's pid, from this process and from another", async () => {
  const dataDirectory = existing;
  const db = await start({ dataDirectory });
  const refusal = { code: "DATA_DIRECTORY_IN_USE", message: expect.stringContaining(`process ${process.pid};`) };
  await expect(start({ dataDirectory })).rejects.toMatchObject(refusal);
  const other = inProcess("say(await startPostgres(options))", { dataDirectory });
  expect(await other.said()).toEqual(refusal);
  expect(await query(db, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test("of two processes that start first at once, one serves and the other is refused", async () => {
  const dataDirectory = await temporaryFolder();
  const body =
    "const db = await startPostgres(options); say({ url: db.url }); process.stdin.resume(); process.stdin.on('end', () => db.stop());";
  const processes = [inProcess(body, { dataDirectory }), inProcess(body, { dataDirectory })];
  const said = await Promise.all(processes.map((it) => it.said()));
  const winner = said.findIndex((it) => it.url !== undefined);
  expect(await query(said[winner] as { url: string }, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  expect(said[1 - winner]).toMatchObject({
    code: "DATA_DIRECTORY_IN_USE",
    message: expect.stringContaining(`process ${processes[winner]?.child.pid};`),
  });
  const exited = once(processes[winner]?.child as NodeJS.EventEmitter, "exit");
  processes[winner]?.child.stdin?.end();
  expect(await exited).toEqual([0, null]);
});

test("a remembered port that is taken is replaced, and one asked for that is taken is refused", async () => {
  const dataDirectory = existing;
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await writeFile(join(dataDirectory, "postgres.port"), String(port));
  const refused = { code: "BAD_INPUT", message: expect.stringMatching(/^port: /) };
  for (const bad of [port, 0, 70_000, 1.5, Number.NaN])
    await expect(start({ dataDirectory, port: bad })).rejects.toMatchObject(refused);
  const db = await start({ dataDirectory });
  expect(db.port).not.toBe(port);
  server.close();
});

test("a directory that cannot be used, and a cluster without its secret, are refused by name", async () => {
  const file = join(existing, "file");
  await writeFile(file, "");
  const unusable = { code: "BAD_INPUT", message: expect.stringContaining(`dataDirectory: ${file}`) };
  await expect(start({ dataDirectory: file })).rejects.toMatchObject(unusable);

  const secret = join(existing, "postgres.secret");
  await rename(secret, `${secret}.away`);
  const secretless = { code: "DATABASE_UNAVAILABLE", message: expect.stringContaining(secret) };
  for (let time = 0; time < 2; time++)
    await expect(start({ dataDirectory: existing })).rejects.toMatchObject(secretless);
  await rename(`${secret}.away`, secret);
});

import { randomBytes } from "node:crypto";
import { appendFile, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openDatabase } from "../../src/db/database.js";
import { locatePostgresPackage, preparePostgresPackage } from "../../src/embedded/libraries.js";
import { choosePort } from "../../src/embedded/port.js";
import { type Launcher, launchersFor, type Places } from "../../src/embedded/privileges.js";
import { isRunning } from "../../src/embedded/processes.js";
import { runProgram, spawnProgram } from "../../src/embedded/program.js";
import { inProcess, query, start } from "./support.js";

/*
 * Clusters as releases before platform roles made them: the superuser `perennial`, with the password in postgres.secret,
 * owns the database and everything in it, and pg_hba.conf lets everybody in who has a password.
 */

let folder: string;
let places: Places;
let launcher: Launcher;
const secret = randomBytes(32).toString("hex");

/** The earlier release's server: a superuser's login over TCP, and no setting that names the directory. */
async function startEarlier(): Promise<{ url: string; pid: number; stop(): Promise<void> }> {
  const port = await choosePort(places.dataDirectory, undefined);
  const args = ["-c", "listen_addresses=127.0.0.1", "-c", `port=${port}`, "-c", "unix_socket_directories="];
  const child = spawnProgram(
    launcher,
    places.programs,
    { program: "postgres", cluster: places.pgdata, args },
    { detached: true, output: "pipe" },
  );
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const url = `postgres://perennial:${secret}@127.0.0.1:${port}/postgres`;
  const answers = () =>
    query({ url }, "SELECT 1").then(
      () => true,
      () => false,
    );
  await vi.waitUntil(answers, { timeout: 60_000, interval: 50 });
  return {
    url,
    pid: child.pid as number,
    async stop() {
      child.kill("SIGINT");
      await exited;
    },
  };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "perennial-earlier-"));
  const programs = await preparePostgresPackage(locatePostgresPackage());
  places = { dataDirectory: folder, pgdata: join(folder, "postgres"), programs };
  launcher = (await launchersFor(places))[0] as Launcher;
  await launcher.prepare?.();
  await mkdir(places.pgdata, { mode: 0o700 });
  await writeFile(join(folder, "postgres.secret"), `${secret}\n`, { mode: 0o600 });
  const password = join(tmpdir(), `perennial-password-${process.pid}`);
  await writeFile(password, secret, { mode: 0o600 });
  if (launcher.owner)
    for (const path of [places.pgdata, password]) await chown(path, launcher.owner.uid, launcher.owner.gid);
  const args = ["--username=perennial", `--pwfile=${password}`, "--auth=scram-sha-256", "--no-sync"];
  args.push("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8");
  await runProgram(launcher, programs, { program: "initdb", cluster: places.pgdata, args });
  await rm(password);
  const earlier = await startEarlier();
  await query(earlier, "CREATE DATABASE perennial");
  const url = earlier.url.replace(/postgres$/, "perennial");
  await (await openDatabase({ url })).destroy();
  for (const statement of [
    "INSERT INTO object_store (marker) VALUES ('kept')",
    `CREATE SCHEMA "Of a user"; CREATE TABLE "Of a user"."T 1" (n serial, i int GENERATED ALWAYS AS IDENTITY, label text);
     INSERT INTO "Of a user"."T 1" (label) VALUES ('one')`,
    'CREATE VIEW seen AS SELECT label FROM "Of a user"."T 1"; CREATE MATERIALIZED VIEW counted AS SELECT 1 AS n',
    "CREATE SEQUENCE free; CREATE TYPE mood AS ENUM ('a'); CREATE DOMAIN small AS int CHECK (VALUE < 9)",
    "CREATE TYPE pair AS (a int, b int); CREATE TYPE span AS RANGE (subtype = int)",
    "CREATE FUNCTION one(n int) RETURNS int LANGUAGE sql RETURN n; CREATE PROCEDURE two() LANGUAGE sql AS 'SELECT 1'",
    "CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int)",
    "CREATE TABLE parted (n int) PARTITION BY RANGE (n); CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (9)",
  ])
    await query({ url }, statement);
  await earlier.stop();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const owners = `
  SELECT count(*)::int AS count FROM (
    SELECT relowner AS owner, relnamespace AS home FROM pg_class UNION ALL
    SELECT proowner, pronamespace FROM pg_proc UNION ALL
    SELECT typowner, typnamespace FROM pg_type UNION ALL
    SELECT nspowner, oid FROM pg_namespace
  ) AS owned JOIN pg_namespace ON pg_namespace.oid = home
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND owner = `;

async function expectConverted(db: { url: string }): Promise<void> {
  expect(new URL(db.url).username).toBe("platform");
  expect(await query(db, `${owners} 'perennial'::regrole`)).toEqual([{ count: 0 }]);
  const [owned] = await query(db, `${owners} 'platform'::regrole`);
  expect(owned?.count).toBeGreaterThan(60);
  expect(await query(db, "SELECT marker FROM object_store")).toEqual([{ marker: "kept" }]);
  const superuser = db.url.replace("//platform:", "//perennial:");
  await expect(query({ url: superuser }, "SELECT 1")).rejects.toMatchObject({ code: "28000" });
  // The new owner may do what migrations do.
  await query(db, 'ALTER TABLE "Of a user"."T 1" ADD COLUMN IF NOT EXISTS more int; DROP VIEW IF EXISTS seen');
  await query(db, 'INSERT INTO "Of a user"."T 1" (label) VALUES (\'two\')');
  await (await openDatabase({ url: db.url })).destroy();
}

test("a running server of an earlier release is stopped and started without its superuser, whatever a crash left half done", async () => {
  const earlier = await startEarlier();
  await writeFile(join(folder, "postgres.port"), new URL(earlier.url).port);

  // As a start that was killed in the middle leaves it: the role is there, nothing else.
  await query(earlier, "CREATE ROLE platform LOGIN CREATEDB CREATEROLE");
  const db = await start({ dataDirectory: folder });
  expect(isRunning(earlier.pid)).toBe(false);
  expect(db).toMatchObject({ adopted: false });
  await expectConverted(db);
  const [role] = await query(
    db,
    "SELECT rolcreatedb, rolcreaterole, rolsuper FROM pg_roles WHERE rolname = 'platform'",
  );
  expect(role).toEqual({ rolcreatedb: false, rolcreaterole: false, rolsuper: false });
  await db.stop();

  // Once done, it is not done again: what an operator adds to the rules stays.
  const rules = join(folder, "postgres/pg_hba.conf");
  await appendFile(rules, "host perennial reader 127.0.0.1/32 scram-sha-256\n");
  const { ino } = await stat(rules);
  const again = await start({ dataDirectory: folder });
  await expectConverted(again);
  expect((await stat(rules)).ino).toBe(ino);
  await again.stop();
});

test("a conversion that is killed at any moment is completed by the next start", { timeout: 180_000 }, async () => {
  const rules = join(folder, "postgres/pg_hba.conf");
  const converted = await readFile(rules, "utf8");
  for (const delayMs of [50, 150, 300, 450]) {
    // The rules tell that it is done; without them everything is done once more.
    await writeFile(rules, "host all all 127.0.0.1/32 scram-sha-256\n");
    const killed = inProcess("say({}); await startPostgres(options); setInterval(() => {}, 1000);", {
      dataDirectory: folder,
    });
    await killed.said();
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    await killed.kill();
    const db = await start({ dataDirectory: folder });
    await expectConverted(db);
    expect((await readFile(rules, "utf8")).split("\n")[0]).toBe(converted.split("\n")[0]);
    await db.stop();
  }
});

import { chmod, chown, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { locatePostgresPackage, preparePostgresPackage } from "../../src/embedded/libraries.js";
import { type Launcher, launchersFor, type Places } from "../../src/embedded/privileges.js";
import type { PlatformError } from "../../src/errors.js";
import { copyOfPackage, familyOf, inProcess, query, start, temporaryFolder } from "./support.js";

const noCapabilities = { inherited: 0n, permitted: 0n, effective: 0n, ambient: 0n };

/** What a process may do beyond its user's rights, from Linux's `/proc`; nothing on other systems. */
async function capabilities(pid: number): Promise<typeof noCapabilities> {
  if (process.platform !== "linux") return noCapabilities;
  const status = await readFile(`/proc/${pid}/status`, "latin1");
  const set = (name: string) => BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)$`, "m").exec(status)?.[1]}`);
  return { inherited: set("CapInh"), permitted: set("CapPrm"), effective: set("CapEff"), ambient: set("CapAmb") };
}

async function placesIn(dataDirectory: string): Promise<Places> {
  const programs = await preparePostgresPackage(locatePostgresPackage());
  return { dataDirectory, pgdata: join(dataDirectory, "postgres"), programs };
}

test("a data directory and programs under a parent closed to everybody else work, and stay closed", async () => {
  const parent = await temporaryFolder();
  const packageDirectory = await copyOfPackage(parent);
  await chmod(join(packageDirectory, "native/bin/postgres"), 0o700);
  await chmod(parent, 0o700);
  const dataDirectory = join(parent, "deep/data");
  for (let time = 0; time < 2; time++) {
    const db = await start({ dataDirectory, packageDirectory });
    // The library of PL/pgSQL and the files of time zones are read while the server runs.
    await query(db, "DO $$ BEGIN PERFORM 1; END $$");
    const [row] = await query(
      db,
      "SELECT ('2026-07-01 12:00+00'::timestamptz AT TIME ZONE 'Asia/Tokyo')::text AS there",
    );
    expect(row).toEqual({ there: "2026-07-01 21:00:00" });
    for (const pid of familyOf(db.pid)) expect(await capabilities(pid)).toEqual(noCapabilities);
    await db.stop();
  }
  for (const folder of [parent, dataDirectory, join(dataDirectory, "postgres")])
    expect((await stat(folder)).mode & 0o777, folder).toBe(0o700);
});

test("every way to run PostgreSQL here serves one and the same cluster in turn, or is refused with the reason", async () => {
  const folder = await temporaryFolder();
  const dataDirectory = join(folder, "data");
  await mkdir(dataDirectory, { mode: 0o700 });
  const ways = await launchersFor(await placesIn(dataDirectory));
  let served = 0;
  for (const way of ways) {
    try {
      const db = await start({ dataDirectory, launchers: async () => [way] });
      const family = familyOf(db.pid);
      expect(family.length).toBeGreaterThan(3);
      const held = await Promise.all(family.map(capabilities));
      await query(db, "CREATE TABLE IF NOT EXISTS kept (n int)");
      await query(db, "INSERT INTO kept VALUES (1)");
      served += 1;
      expect(await query(db, "SELECT count(*)::int AS rows FROM kept"), way.name).toEqual([{ rows: served }]);
      await db.stop();
      for (const each of held) expect(each, way.name).toEqual(noCapabilities);
      expect((await stat(join(dataDirectory, "postgres"))).uid).toBe(way.owner?.uid ?? process.getuid?.());
    } catch (error) {
      expect(error as PlatformError).toMatchObject({ code: "UNSUPPORTED", message: expect.stringContaining(way.name) });
    }
  }
  expect(served).toBeGreaterThan(0);
});

test("root's files stay closed to the server, which runs as another user, and its clients to programs and files", async () => {
  const folder = await temporaryFolder();
  await chmod(folder, 0o700);
  const secret = join(folder, "secret");
  await writeFile(secret, "nobody but its owner may read this\n", { mode: 0o600 });
  const db = await start({ dataDirectory: join(folder, "data") });
  const [role] = await query(
    db,
    `SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls,
            pg_has_role('pg_execute_server_program', 'MEMBER') AS executes,
            pg_has_role('pg_read_server_files', 'MEMBER') AS reads,
            (SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()) AS owner
       FROM pg_roles WHERE rolname = current_user`,
  );
  expect(role).toEqual({
    ...{ rolname: "platform", rolsuper: false, rolcreatedb: false, rolcreaterole: false, rolreplication: false },
    ...{ rolbypassrls: false, executes: false, reads: false, owner: "platform" },
  });
  await query(db, "CREATE TABLE taken (line text)");
  for (const statement of [
    `SELECT pg_read_file('${secret}')`,
    `SELECT pg_read_file('/etc/hostname')`,
    `SELECT pg_ls_dir('/')`,
    `COPY taken FROM '${secret}'`,
    "COPY taken FROM PROGRAM 'id'",
    "COPY taken TO PROGRAM 'cat'",
    `COPY taken TO '/tmp/perennial-taken'`,
    `SELECT lo_import('${secret}')`,
    "CREATE FUNCTION run(cstring) RETURNS int AS 'libc.so.6', 'system' LANGUAGE c STRICT",
    "CREATE ROLE other SUPERUSER",
    "ALTER ROLE platform SUPERUSER",
    "ALTER ROLE perennial PASSWORD 'known'",
    "SET ROLE perennial",
    "CREATE DATABASE other",
    "ALTER SYSTEM SET archive_command = 'id'",
    "GRANT pg_execute_server_program TO platform",
  ])
    await expect(query(db, statement), statement).rejects.toMatchObject({ code: "42501" });
  // What belongs to the superuser: another password is not the point, no rule lets it in.
  for (const user of ["perennial", "postgres", "nobody"])
    await expect(query({ url: db.url.replace("//platform:", `//${user}:`) }, "SELECT 1"), user).rejects.toMatchObject({
      code: "28000",
      message: expect.stringContaining("no pg_hba.conf entry"),
    });
  for (const database of ["postgres", "template1"])
    await expect(query({ url: db.url.replace(/perennial$/, database) }, "SELECT 1")).rejects.toThrow(/no pg_hba.conf/);
});

test("a first start passes over ways that do not work, and says why when none does", async () => {
  const broken: Launcher = { name: "as a ghost", prefix: ["no-such-program"] };
  const dataDirectory = await temporaryFolder();
  const none = { code: "UNSUPPORTED", message: expect.stringMatching(/as a ghost: .*ENOENT/) };
  await expect(start({ dataDirectory, launchers: async () => [broken] })).rejects.toMatchObject(none);
  const launchers = async (places: Places) => [broken, ...(await launchersFor(places))];
  const db = await start({ dataDirectory, launchers });
  expect(await query(db, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test("an ordinary user runs it as that user, with nothing in the package to write", async () => {
  const folder = await temporaryFolder();
  const packageDirectory = await copyOfPackage(folder);
  const home = join(folder, "home");
  await mkdir(home, { mode: 0o700 });
  if (process.getuid?.() === 0) await chown(home, 65534, 65534);
  const options = { dataDirectory: join(home, "data"), packageDirectory };
  const body =
    "const db = await startPostgres(options); say({ url: db.url }); process.stdin.resume(); process.stdin.on('end', () => db.stop().then(() => say({ stopped: true })));";

  await chmod(join(packageDirectory, "native/lib"), 0o555);
  const refused = await inProcess(body, options, { ordinary: true }).said();
  expect(refused).toMatchObject({ code: "UNSUPPORTED", message: expect.stringContaining(packageDirectory) });

  await chmod(join(packageDirectory, "native/lib"), 0o755);
  await preparePostgresPackage(packageDirectory);
  await chmod(join(packageDirectory, "native/lib"), 0o555);
  const user = inProcess(body, options, { ordinary: true });
  expect(await query((await user.said()) as { url: string }, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  user.child.stdin?.end();
  expect(await user.said()).toEqual({ stopped: true });
  const owner = (await stat(home)).uid;
  expect((await stat(join(home, "data/postgres"))).uid).toBe(owner);
  await chmod(join(packageDirectory, "native/lib"), 0o755);
});

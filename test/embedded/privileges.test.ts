import { chmod, chown, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { locatePostgresPackage, preparePostgresPackage } from "../../src/embedded/libraries.js";
import { type Launcher, launchersFor, type Places } from "../../src/embedded/privileges.js";
import type { PlatformError } from "../../src/errors.js";
import { copyOfPackage, inProcess, query, start, temporaryFolder } from "./support.js";

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
    expect(await query(db, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
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
      await query(db, "CREATE TABLE IF NOT EXISTS kept (n int)");
      await query(db, "INSERT INTO kept VALUES (1)");
      served += 1;
      expect(await query(db, "SELECT count(*)::int AS rows FROM kept"), way.name).toEqual([{ rows: served }]);
      await db.stop();
      expect((await stat(join(dataDirectory, "postgres"))).uid).toBe(way.owner?.uid ?? process.getuid?.());
    } catch (error) {
      expect(error as PlatformError).toMatchObject({ code: "UNSUPPORTED", message: expect.stringContaining(way.name) });
    }
  }
  expect(served).toBeGreaterThan(0);
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

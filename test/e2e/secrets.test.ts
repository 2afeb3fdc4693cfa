import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type TestDatabase, testDatabase } from "../support/database.js";
import { type PlatformProcess, removeData, startPlatformProcess } from "./platform-process.js";

const linux = process.platform === "linux";

/** The processes that a process has started, and theirs. */
function descendants(pid: number): number[] {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number) as [number, number]);
  const below = (parent: number): number[] =>
    pairs.flatMap(([child, its]) => (its === parent ? [child, ...below(child)] : []));
  return below(pid);
}

describe("a platform that made its key", () => {
  let platform: PlatformProcess;
  const value = "a-confidential-value";

  beforeAll(async () => {
    platform = await startPlatformProcess();
  });
  afterAll(async () => {
    await platform?.stop();
    await removeData(platform);
  });

  const file = (name: string) => join(platform.dataDirectory, name);
  /** As the platform itself connects. */
  async function change(statement: string): Promise<void> {
    const secret = readFileSync(file("postgres.secret"), "utf8").trim();
    const port = readFileSync(file("postgres.port"), "utf8").trim();
    const client = new pg.Client(`postgres://platform:${secret}@127.0.0.1:${port}/perennial`);
    await client.connect();
    await client.query(statement).finally(() => client.end());
  }
  async function declare(description: string) {
    const features = `[{ name: "x", type: NUMBER }, { name: "y", type: NUMBER }]`;
    return platform.post(
      `mutation ($name: String!) { declareDataset(input: { name: $name, features: ${features} }) { changed problems { path } } }`,
      { name: description },
    );
  }

  it("says where the key is, and no more, to what is no terminal", () => {
    expect(platform.output()).toContain(`${platform.url} (the operator key is in ${file("operator.key")})\n`);
    expect(platform.output()).not.toContain(platform.key);
  });

  it("keeps a secret of its own for signed URLs, which is not the operator key", () => {
    const signing = readFileSync(file("signing.key"), "utf8").trim();
    expect(signing).toMatch(/^[\w-]{43}$/);
    expect(signing).not.toBe(platform.key);
    expect(statSync(file("signing.key")).mode & 0o777).toBe(0o600);
  });

  it.each([
    {
      fault: "a check constraint",
      statement: `ALTER TABLE dataset ADD CONSTRAINT not_that CHECK (name NOT LIKE 'a-conf%')`,
      undo: "ALTER TABLE dataset DROP CONSTRAINT not_that",
      logged: { code: "23514", constraint: "not_that", table: "dataset" },
    },
    {
      fault: "a function that raises the value",
      statement: `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'no %', NEW.name; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON dataset FOR EACH ROW EXECUTE FUNCTION refuse()`,
      undo: "DROP TRIGGER refuse ON dataset; DROP FUNCTION refuse",
      logged: { code: "P0001", message: "Postgres refused a value (SQLSTATE P0001)" },
    },
    {
      fault: "a value of the wrong form",
      statement: `CREATE FUNCTION cast_it() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM NEW.name::int; RETURN NEW; END $$;
        CREATE TRIGGER cast_it BEFORE INSERT ON dataset FOR EACH ROW EXECUTE FUNCTION cast_it()`,
      undo: "DROP TRIGGER cast_it ON dataset; DROP FUNCTION cast_it",
      logged: { code: "22P02", message: "Postgres refused a value (SQLSTATE 22P02)" },
    },
  ])("logs $fault without the values of the statement, and Postgres does not log them either", async (each) => {
    await change(each.statement);
    const begin = platform.output().length;
    const { body } = await declare(value);
    await change(each.undo);
    const extensions = body.errors?.[0]?.extensions as { code: string; id: string } | undefined;
    expect(extensions?.code).toBe("INTERNAL_SERVER_ERROR");
    const id = extensions?.id ?? "no id";
    const line = await vi.waitUntil(() =>
      platform
        .output()
        .slice(begin)
        .split("\n")
        .slice(0, -1)
        .find((text) => text.includes(id)),
    );
    const { err } = JSON.parse(line);
    expect(err).toMatchObject(each.logged);
    expect(err.statement).toMatch(/^INSERT INTO .*\$1/);
    expect(err.stack).toMatch(/^\s+at /);
    expect(platform.output()).not.toContain(value);
    expect(readFileSync(file("postgres.log"), "utf8")).not.toContain(value);
    // It was the value alone that was refused.
    expect((await declare(`fine-${each.logged.code.toLowerCase()}`)).body.errors).toBeUndefined();
  });
});

describe("a platform that was given its key and a database", () => {
  const key = "a-key-that-the-operator-has-chosen";
  const secrets = { PGPASSWORD: "a-password-of-psql", AWS_SECRET_ACCESS_KEY: "a-secret-of-a-cloud" };
  let database: TestDatabase;
  let platform: PlatformProcess;

  beforeAll(async () => {
    database = await testDatabase();
    const env = { ...secrets, PERENNIAL_OPERATOR_KEY: key, DATABASE_URL: database.url, LOG_LEVEL: "debug" };
    platform = await startPlatformProcess({ env });
  });
  afterAll(async () => {
    await platform?.stop();
    await removeData(platform);
    await database?.close();
  });

  it("prints neither, also with every line of the log", async () => {
    const { body } = await platform.post("{ models { nodes { name } } }");
    expect(body.errors).toBeUndefined();
    expect(
      (await platform.post("{ models { nodes { name } } }", {}, { authorization: `Bearer not-${key}` })).status,
    ).toBe(401);
    expect(platform.output()).toContain(`${platform.url} (the operator key is that of PERENNIAL_OPERATOR_KEY)\n`);
    expect(platform.output()).not.toContain(key);
    expect(platform.output()).not.toContain(new URL(database.url).password);
    expect(readdirSync(platform.dataDirectory)).not.toContain("operator.key");
  });

  it.runIf(linux)(
    "gives neither to its trainers, which need the object store alone, nor to any command line",
    async () => {
      const password = new URL(database.url).password;
      const trainers = await vi.waitUntil(() => {
        const below = descendants(platform.child.pid as number);
        return below.some((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("trainer")) && below;
      });
      for (const pid of trainers) {
        const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
        expect(environment).toContain(`PERENNIAL_DATA_DIR=${platform.dataDirectory}`);
        for (const secret of [key, password, secrets.PGPASSWORD]) expect(environment).not.toContain(secret);
      }
      for (const pid of [platform.child.pid, ...trainers]) {
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        for (const secret of [key, password]) expect(words).not.toContain(secret);
      }
    },
  );
});

const hasScript = (() => {
  try {
    return execFileSync("script", ["--version"], { encoding: "utf8" }).includes("util-linux");
  } catch {
    return false;
  }
})();

describe.runIf(hasScript)("on a terminal", () => {
  it.each([
    { brought: undefined, shown: true },
    { brought: "a-key-that-the-operator-has-chosen", shown: false },
  ])("the URL carries the key where it was generated: $shown", async ({ brought, shown }) => {
    const dataDirectory = mkdtempSync(join(tmpdir(), "perennial-terminal-"));
    const program = fileURLToPath(new URL("../../dist/programs/up.js", import.meta.url));
    const env = { ...process.env, PERENNIAL_DATA_DIR: dataDirectory, PORT: "0", PERENNIAL_OPERATOR_KEY: brought };
    const command = `exec ${process.execPath} ${program} server`;
    const child = spawn("script", ["-qfec", command, "/dev/null"], { env, stdio: ["pipe", "pipe", "inherit"] });
    const exited = once(child, "exit");
    try {
      let text = "";
      child.stdout.on("data", (chunk) => {
        text += chunk;
      });
      await vi.waitUntil(() => /is up [^\n]*\n/.test(text), { timeout: 60_000 });
      const key = brought ?? readFileSync(join(dataDirectory, "operator.key"), "utf8").trim();
      expect(text.includes(`/#key=${key}`)).toBe(shown);
      expect(text.includes(key)).toBe(shown);
    } finally {
      for (const pid of descendants(child.pid as number).slice(0, 1)) process.kill(pid, "SIGTERM");
      await exited;
      rmSync(dataDirectory, { recursive: true, force: true });
    }
  });
});

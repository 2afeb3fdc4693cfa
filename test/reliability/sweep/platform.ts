import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { armThroughLedger, type Passage, readLedger } from "../../../src/failpoint.js";
import { openFileStore } from "../../../src/storage/file-store.js";
import { type TestDatabase, testDatabase } from "../../support/database.js";

const entry = fileURLToPath(new URL("../../../dist/programs/up.js", import.meta.url));
const operatorKey = "the key of a platform that is killed";
const roles = ["server", "worker"] as const;

/** A server and a worker in processes of their own, each started again as often as it dies. */
export interface MortalPlatform {
  database: TestDatabase;
  dataDirectory: string;
  /** Has the processes that run now, and those that follow them, fail as said; counted from here. */
  arm(failures: string): void;
  /** The passages through failpoints since it was armed, of all processes. */
  passages(): Passage[];
  /** How often a server or worker had to be started again. */
  readonly deaths: number;
  /**
   * Sends a mutation until it is answered, with an idempotency key, as a careful client does: its input's, or else one that
   * tells it from others. Answers its payload.
   *
   * @param operation such as `train(input: $input) { run { id } }`, with its input's type.
   */
  // biome-ignore lint/suspicious/noExplicitAny: it has what its operation selects.
  mutate(operation: string, type: string, input: Record<string, unknown>): Promise<any>;
  /** Puts bytes under the URL of an upload until they are taken. */
  put(path: string, bytes: string): Promise<void>;
  /** Forgets all that was declared, trained and stored, and leaves the processes as they are. */
  clear(): Promise<void>;
  /** Kills every process and removes all that they stored. */
  close(): Promise<void>;
}

/**
 * @param failures the value of FAILPOINT: what goes wrong from the very start on.
 * @param leaseSeconds short, so that the runs of a dead worker wait no longer than needed; a busy machine may then take one for
 * dead that is not.
 */
export async function startMortalPlatform(failures = "", leaseSeconds = 1): Promise<MortalPlatform> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "perennial-sweep-"));
  const database = await testDatabase();
  const ledger = join(dataDirectory, "ledger");
  const env = {
    ...process.env,
    DATABASE_URL: database.url,
    PERENNIAL_DATA_DIR: dataDirectory,
    PERENNIAL_OPERATOR_KEY: operatorKey.replaceAll(" ", "-"),
    PERENNIAL_LEASE_SECONDS: String(leaseSeconds),
    PERENNIAL_SLOTS: "1",
    PERENNIAL_DEVICES: "cpu",
    PORT: "0",
    LOG_LEVEL: "error",
    FAILPOINT: failures,
    FAILPOINT_LEDGER: ledger,
  };
  const children = new Map<string, ChildProcess>();
  let closed = false;
  let deaths = 0;
  let url: string | undefined;
  let output = "";
  let before = 0;

  function start(role: (typeof roles)[number]): void {
    const child = spawn(process.execPath, [entry, role], { env, stdio: ["ignore", "pipe", "pipe"] });
    children.set(role, child);
    const listen = (chunk: Buffer) => {
      output = (output + chunk).slice(-5_000);
      const address = /is up .*: (http:\/\/\S+) /.exec(String(chunk))?.[1];
      if (role === "server" && address) url = address;
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("exit", () => {
      if (closed) return;
      if (role === "server") url = undefined;
      deaths++;
      // One that cannot come up at all must not keep the machine busy.
      setTimeout(() => closed || start(role), deaths > 5 ? 1_000 : 0);
    });
  }
  for (const role of roles) start(role);
  // A test that runs out of time never gets to close it.
  const orphaned = () => children.forEach((child) => void child.kill("SIGKILL"));
  process.once("exit", orphaned);

  async function ask(
    query: string,
    variables: object,
  ): Promise<{ data?: { answer: { problems: unknown[] } }; again?: boolean }> {
    if (!url) return { again: true };
    try {
      const response = await fetch(`${url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${env.PERENNIAL_OPERATOR_KEY}` },
        body: JSON.stringify({ query, variables }),
        signal: AbortSignal.timeout(20_000),
      });
      const { data, errors } = await response.json();
      if (errors?.[0]?.extensions?.code === "DATABASE_UNAVAILABLE") return { again: true };
      if (errors) throw new Error(`refused: ${JSON.stringify(errors)}`);
      return { data };
    } catch (error) {
      // The server died over it: nobody knows what became of it.
      if (error instanceof TypeError || (error as Error).name === "TimeoutError" || error instanceof SyntaxError)
        return { again: true };
      throw error;
    }
  }

  return {
    ...{ database, dataDirectory },
    arm(text) {
      before = readLedger(ledger).length;
      armThroughLedger(ledger, text);
    },
    passages: () => readLedger(ledger).slice(before),
    async clear() {
      const { db } = database;
      const tables = await db.query<{ name: string }[]>(
        "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
      );
      // Who is there stays.
      const kept = new Set(["migration", "worker", "object_store", "store_generation"]);
      const forgotten = tables.flatMap(({ name }) => (kept.has(name) ? [] : [`"${name}"`]));
      await db.query(`TRUNCATE ${forgotten.join(", ")}`);
      const store = await storeOf(dataDirectory);
      for (const prefix of ["datasets/", "runs/", "uploads/"])
        for await (const { key } of store.list(prefix)) await store.delete(key);
    },
    get deaths() {
      return deaths;
    },
    async put(path, bytes) {
      for (const deadline = performance.now() + 60_000; performance.now() < deadline; await delay(25)) {
        if (!url) continue;
        const request = { method: "PUT", body: bytes, signal: AbortSignal.timeout(20_000) };
        const answer = await fetch(url + path, request).catch(() => undefined);
        if (answer?.ok) return;
      }
      throw new Error(`nobody took an upload within a minute; the processes said: ${output}`);
    },
    async mutate(operation, type, input) {
      const query = `mutation ($input: ${type}!) { answer: ${operation} }`;
      const idempotencyKey = createHash("sha256")
        // An id is another one in every life.
        .update(JSON.stringify(input).replace(/_[0-9a-f]{8}(?:-[0-9a-f]{4,12}){4}/g, ""))
        .digest("hex");
      for (const deadline = performance.now() + 60_000; performance.now() < deadline; await delay(25)) {
        const { data } = await ask(query, { input: { idempotencyKey, ...input } });
        const problems = data?.answer.problems ?? [];
        if (problems.length > 0) throw new Error(`refused: ${JSON.stringify(problems)}`);
        if (data) return data.answer;
      }
      throw new Error(`nobody answered ${operation} within a minute; the processes said: ${output}`);
    },
    async close() {
      closed = true;
      process.off("exit", orphaned);
      const ends = [...children.values()].map(
        (child) =>
          new Promise<void>((resolve) => {
            if (child.exitCode !== null || child.signalCode !== null) resolve();
            child.once("exit", () => resolve());
            child.kill("SIGKILL");
          }),
      );
      await Promise.all(ends);
      await database.close();
      // A trainer ends when it finds that its worker is gone, and may still write until then.
      await rm(dataDirectory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

/** The bucket of a platform with that data directory. */
export const storeOf = (dataDirectory: string) =>
  openFileStore({
    root: join(dataDirectory, "objects"),
    ...{ baseUrl: "http://127.0.0.1", secret: "not a secret, but 32 bytes long." },
  });

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "vitest";
import { appendsOf, latestVersion, segmentsOf } from "../../src/datasets/versions.js";
import { Dataset } from "../../src/entities/dataset.js";
import { partReader } from "../../src/features/split.js";
import { rowsFromTable } from "../../src/features/table.js";
import { withArrivingCategories } from "../../src/features/values/arriving-categories.js";
import { createContext, type Platform } from "../../src/graphql/context/context.js";
import { createSchema } from "../../src/graphql/schema.js";
import { watchExports, watchImports } from "../../src/imports/queue/watch.js";
import { silent } from "../../src/logger.js";
import { openArtifact, receiverOf } from "../../src/programs/server.js";
import { listen } from "../../src/pubsub/wakeups.js";
import { readSegments, rowsDigest } from "../../src/segments/segment.js";
import { openFileStore } from "../../src/storage/file-store.js";
import { startHttpServer } from "../../src/transport/http.js";
import { contract } from "../graphql/api.js";
import { noPredictions } from "../graphql/ask.js";
import { authorization, key } from "../graphql/toy-server.js";
import { testDatabase } from "../support/database.js";
import { testIntake } from "../support/intake.js";
import { until } from "../support/workbench.js";

export type ImportPlatform = Awaited<ReturnType<typeof openImportPlatform>>;

/**
 * A server that takes uploads and executes imports, with real readers.
 *
 * @param options.parent where its data directory is made.
 * @param options.env further environment of the readers.
 */
export async function openImportPlatform({ parent = tmpdir(), env = {} as NodeJS.ProcessEnv } = {}) {
  const directory = await mkdtemp(join(parent, "perennial-imports-"));
  const temporary = join(directory, "temporary");
  await mkdir(temporary);
  const database = await testDatabase();
  const { db, url } = database;
  // Where `openStore` of a reader looks below this data directory.
  let serverUrl = "";
  const store = await openFileStore({
    ...{ root: join(directory, "objects"), secret: "not a secret, but 32 bytes long." },
    baseUrl: () => serverUrl,
  });
  const wakeups = await listen({ url, logger: silent });
  const intake = testIntake();
  const reader = {
    modulePath: fileURLToPath(new URL("../../dist/programs/reader.js", import.meta.url)),
    env: { ...process.env, TMPDIR: temporary, ...env, PERENNIAL_DATA_DIR: directory },
  };
  const planner = { planTraining: () => Promise.reject(new Error("none")), unsupportedKernels: async () => [] };
  const platform: Platform = { db, store, wakeups, predictor: noPredictions, planner, intake, reader, logger: silent };
  const jobs = { db, wakeups, reader, logger: silent, leaseSeconds: 2 };
  const [imports, exports] = [watchImports(jobs), watchExports(jobs)];
  const server = await startHttpServer({
    ...{ schema: createSchema(), createContext: () => createContext(platform), operatorKey: key, port: 0 },
    ...{
      readiness: async () => ({ ready: true, reasons: [] }),
      logger: silent,
      intake,
      uploads: receiverOf({ db, store }),
      openArtifact: (pathAndQuery: string) => openArtifact(store, pathAndQuery),
    },
  });
  serverUrl = server.url;

  // biome-ignore lint/suspicious/noExplicitAny: a client gets what its query says.
  async function post(query: string, variables: object): Promise<any> {
    const response = await fetch(`${server.url}/graphql`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify({ query, variables }),
    });
    return response.json();
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above.
  async function ask(query: string, variables: object): Promise<any> {
    const { data, errors } = await post(query, variables);
    expect(errors).toBeUndefined();
    return data;
  }
  const send = async (name: string, variables: object) => ask((await contract(name)).query, variables);

  async function createUpload(fileName = "table.csv") {
    const { createUpload: created } = await send("15-create-upload", { input: { fileName } });
    expect(created.problems).toEqual([]);
    return created.upload;
  }

  const put = (url: string, body: BodyInit, method = "PUT", headers: Record<string, string> = {}) =>
    fetch(server.url + url, {
      method,
      body,
      headers,
      ...(body instanceof ReadableStream && { duplex: "half" }),
    } as RequestInit);

  async function uploaded(text: string | Buffer): Promise<string> {
    const { id, url } = await createUpload();
    expect((await put(url, new Uint8Array(Buffer.from(text)))).status).toBe(200);
    return id;
  }

  const declare = (name: string, features: object[]) => send("01-declare-dataset", { input: { name, features } });

  async function startImport(dataset: string, upload: string, onInvalid = "REFUSE"): Promise<string> {
    const { importUpload } = await send("17-import-upload", { input: { dataset, upload, onInvalid } });
    expect(importUpload.problems).toEqual([]);
    expect(["QUEUED", "RUNNING"]).toContain(importUpload.import.state);
    return importUpload.import.id;
  }

  /** The ids of the processes that read or write files for this server, its children. */
  async function readers(): Promise<number[]> {
    const { stdout } = await promisify(execFile)("ps", ["--ppid", String(process.pid), "-o", "pid=,args="]).catch(
      () => ({
        stdout: "",
      }),
    );
    const lines = stdout.split("\n").filter((line) => line.includes("perennial reader"));
    return lines.map((line) => Number.parseInt(line, 10));
  }

  /** What readers have left in their temporary folder, once none is at work. */
  async function leftovers(): Promise<string[]> {
    await until(async () => (await readers()).length === 0 && (await readdir(temporary)).length === 0, 5_000).catch(
      () => {},
    );
    return readdir(temporary);
  }

  /** Imports a file, with these texts for missing values. */
  async function imported(dataset: string, file: Buffer, missingValues: string[]) {
    const input = { dataset, upload: await uploaded(file), missingValues };
    const { importUpload } = await send("17-import-upload", { input });
    expect(importUpload.problems).toEqual([]);
    const found = await ended(importUpload.import.id);
    const query = "query ($id: ID!) { import(id: $id) { warnings } }";
    return { ...found, ...(await ask(query, { id: importUpload.import.id })).import };
  }

  const find = async (id: string) => (await send("18-import", { id })).import;

  async function ended(id: string) {
    await until(async () => !["QUEUED", "RUNNING"].includes((await find(id)).state));
    return find(id);
  }

  /** All rows of a dataset. */
  async function tableOf(name: string) {
    const { db, store } = platform;
    const { features: declared, split, id } = await db.manager.findOneByOrFail(Dataset, { name });
    const features = withArrivingCategories(declared);
    const version = await latestVersion(db.manager, id);
    const segments = version ? await segmentsOf(db.manager, version) : [];
    const bytes = await Promise.all(segments.map((segment) => store.get(segment.key)));
    const appends = version ? await appendsOf(db.manager, version) : [];
    return { features, split, appends, table: await readSegments(features, bytes) };
  }

  /** All rows of a dataset, as users write them. */
  async function rowsOf(name: string) {
    const { features, table } = await tableOf(name);
    return rowsFromTable(features, table);
  }

  /** The digest of a dataset's rows, in however many segments they lie. */
  async function digestOf(name: string) {
    const { features, table } = await tableOf(name);
    return rowsDigest(features, table);
  }

  /** The part of each row of a dataset, as a run finds it. */
  async function partsOf(name: string) {
    const { features, split, appends, table } = await tableOf(name);
    const partOf = partReader(split, features, table, 0, appends);
    return Array.from({ length: table.rowCount }, (_, row) => partOf(row));
  }

  return {
    ...{
      platform,
      post,
      ask,
      send,
      createUpload,
      put,
      uploaded,
      declare,
      startImport,
      find,
      ended,
      rowsOf,
      digestOf,
      partsOf,
      imported,
      readers,
      leftovers,
    },
    async close() {
      await server.close();
      await Promise.all([imports.stop(), exports.stop()]);
      await intake.close();
      await wakeups.close();
      await database.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startServerProcess } from "../reliability/server-process.js";
import { testDatabase } from "../support/database.js";
import { until } from "../support/workbench.js";

it("an import whose server is killed ends with one version, after the server has started again", async () => {
  const directory = await mkdtemp(join(tmpdir(), "perennial-killed-"));
  const database = await testDatabase();
  // Those of the server and its readers, which this process starts.
  const temporary = join(directory, "temporary");
  await mkdir(temporary);
  const { TMPDIR: before } = process.env;
  process.env.TMPDIR = temporary;
  const server = await startServerProcess(database.url, directory);
  try {
    // biome-ignore lint/suspicious/noExplicitAny: a client gets what its query says.
    const ask = async (query: string): Promise<any> => {
      const response = await fetch(`${server.url}/graphql`, {
        method: "POST",
        headers: { authorization: `Bearer ${server.key}`, "content-type": "application/json" },
        body: JSON.stringify({ query }),
      });
      const { data, errors } = (await response.json()) as { data: unknown; errors?: unknown };
      expect(errors).toBeUndefined();
      return data;
    };
    const count = 600_000;
    const rows = `n,k\n${Array.from({ length: count }, (_, i) => `${i},${i % 3}\n`).join("")}`;
    await ask(`mutation { declareDataset(input: { name: "killed",
      features: [{ name: "n", type: NUMBER }, { name: "k", type: NUMBER }] }) { problems { message } } }`);
    const { createUpload } = await ask(
      'mutation { createUpload(input: { fileName: "rows.csv" }) { upload { id url } } }',
    );
    const { id: upload, url } = createUpload.upload;
    expect((await fetch(server.url + url, { method: "PUT", body: rows })).status).toBe(200);
    const { importUpload } = await ask(
      `mutation { importUpload(input: { dataset: "killed", upload: "${upload}" }) { import { id } } }`,
    );
    const find = async () =>
      (await ask(`{ import(id: "${importUpload.import.id}") { state progress { rows } version { number rowCount } } }`))
        .import;
    await until(async () => (await find()).progress.rows > 0);
    expect((await find()).state).toBe("RUNNING");
    await server.restart();
    await until(async () => (await find()).state !== "RUNNING" && (await find()).state !== "QUEUED");
    expect(await find()).toMatchObject({ state: "SUCCEEDED", version: { number: 1, rowCount: count } });
    const versions = await database.db.query("SELECT number, row_count::int FROM dataset_version");
    expect(versions).toEqual([{ number: 1, row_count: count }]);
    const [{ fence }] = await database.db.query("SELECT fence FROM import");
    expect(fence).toBe(2);
    await until(async () => (await readdir(temporary)).every((name) => !name.startsWith("perennial-reader-")));
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    await server.stop();
    await database.close();
    await rm(directory, { recursive: true, force: true });
  }
});

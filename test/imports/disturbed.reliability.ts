import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../support/workbench.js";
import { type ImportPlatform, openImportPlatform } from "./import-platform.js";

let opened: ImportPlatform;
beforeAll(async () => {
  opened = await openImportPlatform();
});
afterAll(() => opened?.close());

/** Kills the processes that read or write files for this test's server. */
async function killReaders(): Promise<void> {
  const readers = await opened.readers();
  for (const pid of readers) process.kill(pid, "SIGKILL");
  expect(readers.length).toBeGreaterThan(0);
}

describe("an import that is disturbed", () => {
  const slow = `n,k\n${Array.from({ length: 3_000_000 }, (_, i) => `${i},${i % 3}\n`).join("")}`;
  const numbers = [
    { name: "n", type: "NUMBER" },
    { name: "k", type: "NUMBER" },
  ];
  const running = (id: string) => until(async () => (await opened.find(id)).progress.rows > 0);

  it("leaves nothing when it is canceled", async () => {
    await opened.declare("canceled", numbers);
    const id = await opened.startImport("canceled", await opened.uploaded(slow));
    await running(id);
    const cancel =
      "mutation ($input: CancelImportInput!) { cancelImport(input: $input) { problems { code } import { state } } }";
    expect((await opened.ask(cancel, { input: { id } })).cancelImport).toEqual({
      problems: [],
      import: { state: "CANCELED" },
    });
    expect(await opened.rowsOf("canceled")).toEqual([]);
    expect((await opened.find(id)).state).toBe("CANCELED");
    expect(await opened.leftovers()).toEqual([]);
  });

  it("is started again when its process is killed, and makes one version", async () => {
    await opened.declare("killed", numbers);
    const id = await opened.startImport("killed", await opened.uploaded(slow));
    await running(id);
    await killReaders();
    expect(await opened.ended(id)).toMatchObject({ state: "SUCCEEDED", version: { number: 1, rowCount: 3_000_000 } });
    const [{ fence }] = await opened.platform.db.query("SELECT fence FROM import WHERE id = $1", [id]);
    expect(fence).toBe(2);
  });
});

describe("an export that is disturbed", () => {
  const start = async () => {
    const mutation = "mutation ($input: ExportDatasetInput!) { exportDataset(input: $input) { export { id } } }";
    const input = { dataset: "exported", format: "NDJSON" };
    return (await opened.ask(mutation, { input })).exportDataset.export.id as string;
  };
  const find = async (id: string) =>
    (await opened.ask("query ($id: ID!) { datasetExport(id: $id) { state url digest progress { rows } } }", { id }))
      .datasetExport;
  const isUnderWay = (id: string) =>
    until(async () => {
      const { state, progress } = await find(id);
      return state === "RUNNING" && progress.rows > 0;
    });

  it("is started again when its process is killed, and leaves nothing when it is canceled", async () => {
    const features = ["n", "k"].map((name) => ({ name, type: "NUMBER" }));
    await opened.declare("exported", features);
    const text = `n,k\n${Array.from({ length: 1_000_000 }, (_, i) => `${i},${i % 3}\n`).join("")}`;
    expect(await opened.imported("exported", Buffer.from(text), [])).toMatchObject({ state: "SUCCEEDED" });
    const calm = await start();
    await until(async () => (await find(calm)).state === "SUCCEEDED");

    const killed = await start();
    await isUnderWay(killed);
    await killReaders();
    await until(async () => (await find(killed)).state === "SUCCEEDED");
    expect((await find(killed)).digest).toBe((await find(calm)).digest);
    const [{ fence }] = await opened.platform.db.query("SELECT fence FROM dataset_export WHERE id = $1", [killed]);
    expect(fence).toBe(2);

    const canceled = await start();
    await isUnderWay(canceled);
    const cancel = "mutation ($input: CancelExportInput!) { cancelExport(input: $input) { export { state } } }";
    expect((await opened.ask(cancel, { input: { id: canceled } })).cancelExport.export.state).toBe("CANCELED");
    await until(async () => (await opened.readers()).length === 0);
    expect(await find(canceled)).toMatchObject({ state: "CANCELED", url: null });
  });
});

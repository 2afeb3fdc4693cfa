import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../support/workbench.js";
import { type ImportPlatform, openImportPlatform } from "./import-platform.js";

let opened: ImportPlatform;
beforeAll(async () => {
  opened = await openImportPlatform();
});
afterAll(() => opened?.close());

describe("an import that is disturbed", () => {
  const slow = `n,k\n${Array.from({ length: 400_000 }, (_, i) => `${i},${i % 3}\n`).join("")}`;
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
  });

  it("is started again when its process is killed, and makes one version", async () => {
    await opened.declare("killed", numbers);
    const id = await opened.startImport("killed", await opened.uploaded(slow));
    await running(id);
    const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,args="]);
    const readers = stdout.split("\n").filter((line) => line.includes("perennial reader") && !line.includes("ps -A"));
    for (const line of readers) process.kill(Number.parseInt(line, 10), "SIGKILL");
    expect(readers.length).toBeGreaterThan(0);
    expect(await opened.ended(id)).toMatchObject({ state: "SUCCEEDED", version: { number: 1, rowCount: 400_000 } });
    const [{ fence }] = await opened.platform.db.query("SELECT fence FROM import WHERE id = $1", [id]);
    expect(fence).toBe(2);
  });
});

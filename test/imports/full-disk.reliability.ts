import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { smallDisk } from "../storage/full-disk.js";
import { openImportPlatform } from "./import-platform.js";

const run = promisify(execFile);
const numbers = [
  { name: "n", type: "NUMBER" },
  { name: "k", type: "NUMBER" },
];

/** Numbers that take more room as a segment than in a compressed file. */
function numerous(rows: number): string {
  let state = 1;
  const next = () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return (state >>> 16) / 100_000;
  };
  return `n,k\n${Array.from({ length: rows }, () => `${next()},1\n`).join("")}`;
}

it("imports nothing when the object store is full, and all once it has room", async () => {
  await using disk = await smallDisk();
  const opened = await openImportPlatform({ parent: disk.directory, env: { TMPDIR: tmpdir() } });
  try {
    await opened.declare("numerous", numbers);
    const upload = await opened.uploaded(gzipSync(numerous(200_000)));
    await disk.whileFull(async () => {
      const id = await opened.startImport("numerous", upload);
      expect(await opened.ended(id)).toMatchObject({
        state: "FAILED",
        version: null,
        problems: [{ path: "upload", code: "STORAGE_FULL" }],
      });
    });
    expect(await opened.rowsOf("numerous")).toEqual([]);
    if (disk.mechanism === "tmpfs of 1 MiB") await run("mount", ["-o", "remount,size=32m", disk.directory]);
    const again = await opened.startImport("numerous", upload);
    expect(await opened.ended(again)).toMatchObject({ state: "SUCCEEDED", version: { number: 1, rowCount: 200_000 } });
  } finally {
    await opened.close();
  }
});

it("imports nothing when the temporary folder is full", async () => {
  await using disk = await smallDisk();
  const opened = await openImportPlatform({ env: { TMPDIR: disk.directory } });
  try {
    await opened.declare("copied", numbers);
    // A file of big-endian UTF-16 is copied before it is read.
    const wide = Buffer.from(`\ufeff${numerous(300_000)}`, "utf16le").swap16();
    const upload = await opened.uploaded(wide);
    await disk.whileFull(async () => {
      expect(await opened.ended(await opened.startImport("copied", upload))).toMatchObject({
        state: "FAILED",
        problems: [{ path: "upload", code: "STORAGE_FULL", message: expect.stringMatching(/temporary folder/) }],
      });
    });
    expect(await opened.rowsOf("copied")).toEqual([]);
    expect((await readdir(disk.directory)).filter((name) => name.startsWith("perennial-reader-"))).toEqual([]);
  } finally {
    await opened.close();
  }
});

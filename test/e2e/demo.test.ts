import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const root = new URL("../../", import.meta.url);

it("the demo ends well, and the README shows what it prints", async () => {
  const readme = await readFile(new URL("README.md", root), "utf8");
  const shown = /```text\n([\s\S]*?)```/.exec(readme)?.[1]?.split("\n").filter(Boolean) ?? [];
  expect(shown.length).toBeGreaterThan(10);
  const directory = await mkdtemp(join(tmpdir(), "perennial-demo-"));
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [fileURLToPath(new URL("dist/programs/demo.js", root))],
      {
        env: { ...process.env, PERENNIAL_DATA_DIR: directory, NO_COLOR: "1" },
      },
    );
    const printed = stdout.split("\n");
    let from = 0;
    for (const line of shown) {
      expect(printed.slice(from)).toContain(line);
      from = printed.indexOf(line, from) + 1;
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

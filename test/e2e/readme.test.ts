import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type PlatformProcess, removeData, startPlatformProcess } from "./platform-process.js";

const root = new URL("../../", import.meta.url);
const readme = readFileSync(new URL("README.md", root), "utf8");
const blocks = new Map(
  [...readme.matchAll(/```graphql\n(\w+ (\w+) [\s\S]*?)```/g)].map(([, text = "", name = ""]) => [name, text]),
);

let platform: PlatformProcess;
beforeAll(async () => {
  platform = await startPlatformProcess();
});
afterAll(async () => {
  await platform?.stop();
  await removeData(platform);
});

async function paste(name: string) {
  const { body } = await platform.post(blocks.get(name) ?? `the README has no block ${name}`);
  expect(body.errors).toBeUndefined();
  for (const answer of Object.values(body.data))
    expect((answer as { problems?: unknown[] }).problems ?? []).toEqual([]);
  return body.data;
}

async function append(file: string) {
  expect(readme).toContain(file);
  const { query, variables } = JSON.parse(readFileSync(new URL(file, root), "utf8"));
  const { body } = await platform.post(query, variables);
  expect(body.data.appendRows.problems).toEqual([]);
}

/** Listens to a block of the README until something is heard. */
async function hear(name: string, heard: (event: Record<string, unknown>) => boolean) {
  for await (const { data, errors } of platform.subscribe(blocks.get(name) ?? "", {})) {
    expect(errors).toBeUndefined();
    if (heard(Object.values(data)[0] as Record<string, unknown>)) return;
  }
}

it("the README's five minutes work as written, from the first block to the last", async () => {
  await paste("DeclareDataset");
  await append("examples/iris/append-first.json");
  await paste("DeclareModel");
  await paste("Train");
  await hear("Watch", (run) => run.state === "SUCCEEDED");
  await paste("Promote");
  expect((await paste("Ask")).predict.predictions[0].value).toBe("virginica");
  await paste("KeepFresh");
  await append("examples/iris/append-more.json");
  const kinds: unknown[] = [];
  await hear("History", ({ kind }) => kinds.push(kind) === 5);
  expect(kinds[2]).toBe("RETRAINING_STARTED");
});

it("the churn example prints what its README shows, from the raw file to a prediction with an empty field", async () => {
  const folder = new URL("examples/churn/", root);
  const shown = /```text\n([\s\S]*?)\n```/.exec(readFileSync(new URL("README.md", folder), "utf8"))?.[1] ?? "";
  const env = {
    ...process.env,
    PERENNIAL_URL: platform.url,
    PERENNIAL_KEY_FILE: join(platform.dataDirectory, "operator.key"),
  };
  const script = fileURLToPath(new URL("run.mjs", folder));
  const { stdout } = await promisify(execFile)(process.execPath, [script], { env });
  // What a training computes may differ a little with the processor.
  const approximate = /AUC [\d.]+|at \d+ %/g;
  expect(stdout.trimEnd().replaceAll(approximate, "~")).toBe(shown.replaceAll(approximate, "~"));
  expect(Number(/AUC ([\d.]+)/.exec(stdout)?.[1])).toBeGreaterThan(0.8);
});

it("the churn example's file is what its script makes", async () => {
  const folder = new URL("examples/churn/", root);
  const copy = await mkdtemp(join(tmpdir(), "perennial-churn-"));
  await copyFile(new URL("make-csv.mjs", folder), join(copy, "make-csv.mjs"));
  await promisify(execFile)(process.execPath, [join(copy, "make-csv.mjs")]);
  expect(await readFile(join(copy, "churn.csv"), "utf8")).toBe(readFileSync(new URL("churn.csv", folder), "utf8"));
  await rm(copy, { recursive: true });
});

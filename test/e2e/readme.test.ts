import { readFileSync } from "node:fs";
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

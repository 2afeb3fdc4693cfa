import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type PlatformProcess, removeData, startPlatformProcess } from "./platform-process.js";

const folder = new URL("../contract/", import.meta.url);
let platform: PlatformProcess;
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "perennial-home-"));
  // ONNX Runtime keeps what it sends, and an id of the host, in the cache of a home; in CI it sends nothing by itself.
  const env = { HOME: home, XDG_CACHE_HOME: undefined, CI: undefined, ORT_DISABLE_TELEMETRY: undefined };
  platform = await startPlatformProcess({ env });
});
afterAll(async () => {
  await platform?.stop();
  await removeData(platform);
  await rm(home, { recursive: true, force: true });
});

/** An operation of the contract, with its variables changed. */
async function send(name: string, change: Record<string, unknown> = {}) {
  const query = readFileSync(new URL(`${name}.graphql`, folder), "utf8");
  const variables = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));
  const input = variables.input && { input: { ...variables.input, ...change } };
  const { body } = await platform.post(query, { ...variables, ...change, ...input });
  expect(body.errors).toBeUndefined();
  return body.data;
}

it("training and prediction report nothing to ONNX Runtime's makers", async () => {
  await send("01-declare-dataset");
  const rows = Array.from({ length: 40 }, (_, index) => ({
    ...{ sepal_length: 5 + index / 10, sepal_width: 3, petal_length: 1 + index / 10, petal_width: 1 },
    species: index < 20 ? "setosa" : "virginica",
  }));
  await send("02-append-rows", { rows });
  await send("03-declare-model");
  await send("04-declare-optimizer");
  const { train } = await send("05-train", { epochs: 2 });
  let state = "QUEUED";
  while (state !== "SUCCEEDED") {
    expect(["QUEUED", "RUNNING"]).toContain(state);
    await delay(100);
    state = (await send("07-run", { id: train.run.id })).run.state;
  }
  expect((await send("10-predict", { model: "iris-species/1" })).predict.predictions).toHaveLength(1);
  expect(readdirSync(home, { recursive: true }).filter((name) => String(name).includes("onnxruntime"))).toEqual([]);
});

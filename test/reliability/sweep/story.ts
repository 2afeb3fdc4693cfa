import { setTimeout as delay } from "node:timers/promises";
import { cloudRows } from "../../support/workbench.js";
import type { MortalPlatform } from "./platform.js";

/** What a mutation may say against its input. */
export const problems = "problems { path code message }";

const dataset = {
  name: "clouds",
  features: [
    { name: "x", type: "NUMBER" },
    { name: "y", type: "NUMBER" },
    { name: "kind", type: "CATEGORY", categories: ["a", "b", "c"] },
  ],
  split: { train: 0.7, validation: 0.15, test: 0.15 },
};
const model = {
  name: "kinds",
  dataset: "clouds",
  target: "kind",
  layers: [{ dense: { units: 8, activation: "RELU" } }, { dropout: { rate: 0.2 } }],
};
/** Its rate depends on what was measured, and two batches make one update. */
const optimizer = {
  name: "plateau",
  algorithm: { adam: {} },
  learningRate: { reduceOnPlateau: { initial: 0.05, patience: 0, factor: 0.5, minDelta: 0.02 } },
  gradientAccumulationSteps: 2,
};
/** Dropout, accumulation and a rate with a memory of what was measured; early stopping. */
export const training = {
  ...{ model: "kinds", optimizer: "plateau", epochs: 8, batchSize: 8, seed: 7, device: "CPU" },
  earlyStopping: { monitor: "val_loss", patience: 1, minDelta: 0.05, restoreBest: true },
  checkpoint: { everySteps: 4, keep: { latest: 1, best: 0 } },
};
const policy = {
  ...{ name: "fresh", model: "kinds", optimizer: "plateau", when: { newRows: 16 } },
  train: { fineTune: { from: "champion", epochs: 2, replay: { fraction: 0.5 } } },
  promote: { alias: "champion", metric: "accuracy", mustNotDropBy: 1 },
};

/** Appends rows to the dataset of the story. */
const append = ({ mutate }: MortalPlatform, start: number, count: number) =>
  mutate(`appendRows(input: $input) { ${problems} }`, "AppendRowsInput", {
    dataset: "clouds",
    rows: cloudRows(count, start),
  });

/** Loads rows in two parts. */
async function appendInParts(
  { mutate, database: { db } }: MortalPlatform,
  start: number,
  count: number,
): Promise<void> {
  await mutate(`beginAppend(input: $input) { ${problems} append { id } }`, "BeginAppendInput", { dataset: "clouds" });
  const [append] = await db.query<{ id: string }[]>("SELECT id FROM dataset_append");
  for (const part of [0, 1])
    await mutate(`appendRows(input: $input) { ${problems} }`, "AppendRowsInput", {
      append: append?.id,
      rows: cloudRows(count / 2, start + (part * count) / 2),
    });
  await mutate(`commitAppend(input: $input) { ${problems} }`, "CommitAppendInput", { append: append?.id });
}

/** Uploads a file. What is read from files is disturbed in `test/imports/disturbed.reliability.ts`. */
async function upload({ mutate, put }: MortalPlatform): Promise<void> {
  const created = await mutate(`createUpload(input: $input) { ${problems} upload { url } }`, "CreateUploadInput", {
    fileName: "clouds.csv",
  });
  await put(created.upload.url, "x,y,kind\n1,2,a\n");
}

/** Declares what a training needs, and brings the first rows. */
export async function declareAndFill(platform: MortalPlatform): Promise<void> {
  const { mutate } = platform;
  await mutate(`declareDataset(input: $input) { ${problems} }`, "DeclareDatasetInput", dataset);
  await mutate(`declareModel(input: $input) { ${problems} }`, "DeclareModelInput", model);
  await mutate(`declareOptimizer(input: $input) { ${problems} }`, "DeclareOptimizerInput", optimizer);
  await append(platform, 0, 48);
}

/** A model's life: declared, filled, trained, named champion; then new rows, a fine-tune, the
 * gate that promotes it, and what is left over collected. */
export async function liveThrough(platform: MortalPlatform): Promise<void> {
  const { mutate } = platform;
  await declareAndFill(platform);
  await upload(platform);
  await mutate(`train(input: $input) { ${problems} run { id } }`, "TrainInput", training);
  await succeeded(platform, 1);
  const champion = { model: "kinds", alias: "champion", version: 1, expected: 0 };
  await mutate(`setAlias(input: $input) { ${problems} }`, "SetAliasInput", champion);
  await mutate(`declareRetraining(input: $input) { ${problems} }`, "DeclareRetrainingInput", policy);
  await appendInParts(platform, 48, 16);
  await succeeded(platform, 2);
  // Of the checkpoints that were not kept.
  await mutate(`collectGarbage(input: $input) { ${problems} }`, "CollectGarbageInput", {});
}

/** Waits until so many runs have succeeded. @throws Error when one has failed, or time is over. */
export async function succeeded({ database: { db } }: MortalPlatform, count: number): Promise<void> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    const runs = await db.query<{ state: string; error: unknown; events: string[] }[]>(
      `SELECT state, error, (SELECT array_agg(attempt || ': ' || message ORDER BY seq) FROM run_event WHERE run_id = run.id) AS events
       FROM run ORDER BY created_at`,
    );
    const last = runs.at(-1);
    if (runs.filter(({ state }) => state === "SUCCEEDED").length >= count) return;
    if (last?.error || performance.now() > deadline) throw new Error(`the run is stuck: ${JSON.stringify(runs)}`);
    await delay(25);
  }
}

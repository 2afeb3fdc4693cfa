import type { DigitRow } from "../stage/digits.js";
import { count } from "../stage/screen.js";
import { accepted, type Payload, type Stage } from "../stage/stage.js";

/** What this telling calls its things; each starts with the dataset's name. */
export interface Names {
  dataset: string;
  model: string;
  optimizer: string;
  retraining: string;
}

const baseName = "digits";

/** Names that are free: nothing of an earlier telling is touched. */
export async function chooseNames({ client, operation }: Stage): Promise<Names> {
  const document = await operation("00-datasets");
  const { datasets } = await client.request<{ datasets: { nodes: { name: string }[] } }>(document, {
    prefix: baseName,
  });
  const taken = new Set(datasets.nodes.map(({ name }) => name));
  let dataset = baseName;
  for (let number = 2; taken.has(dataset); number++) dataset = `${baseName}-${number}`;
  return { dataset, model: `${dataset}-mlp`, optimizer: `${dataset}-adam`, retraining: `${dataset}-fresh` };
}

export async function declareDataset({ screen, send }: Stage, { dataset }: Names): Promise<void> {
  screen.chapter(
    "Declare a dataset",
    "Features have names and types. The split decides, for ever, which rows train, validate and test.",
  );
  const { declareDataset } = await send<{
    declareDataset: Payload & { dataset: { features: { name: string; type: string }[] } };
  }>("01-declare-dataset", { dataset });
  const { features } = accepted(declareDataset).dataset;
  screen.done(`${dataset}: ${features.map(({ name, type }) => `${name} (${type})`).join(", ")}`);
}

/** Appends rows, and shows what they became. */
export async function appendRows({ screen, send }: Stage, { dataset }: Names, rows: DigitRow[]): Promise<void> {
  const { appendRows } = await send<{
    appendRows: Payload & { version: { number: number; rowCount: number; addedRowCount: number; digest: string } };
  }>("02-append-rows", { dataset, rows });
  const { number, rowCount, addedRowCount, digest } = accepted(appendRows).version;
  screen.done(
    `version ${number}: ${count(addedRowCount)} new rows, ${count(rowCount)} in all, ${digest.slice(0, 19)}…`,
  );
}

export async function appendFirstRows(stage: Stage, names: Names, rows: DigitRow[]): Promise<void> {
  stage.screen.chapter(
    "Give it rows",
    "Handwritten digits from UCI: 8 by 8 pixels and the digit. Two thirds now, the rest later. " +
      "Every append seals a new version that never changes.",
  );
  await appendRows(stage, names, rows);
}

export async function declareModel({ screen, send }: Stage, { model, dataset, optimizer }: Names): Promise<void> {
  screen.chapter(
    "Declare a network and an optimizer",
    "Only the hidden layers: scaling of inputs, output layer, loss and metrics follow from the features.",
  );
  const { declareModel } = await send<{
    declareModel: Payload & { model: { revision: { number: number; parameterCount: number } } };
  }>("03-declare-model", { model, dataset });
  const { revision } = accepted(declareModel).model;
  screen.done(`${model}, revision ${revision.number}: ${count(revision.parameterCount)} parameters`);
  const { declareOptimizer } = await send<{
    declareOptimizer: Payload & { optimizer: { revision: { number: number } } };
  }>("04-declare-optimizer", { optimizer });
  screen.done(`${optimizer}, revision ${accepted(declareOptimizer).optimizer.revision.number}`);
}

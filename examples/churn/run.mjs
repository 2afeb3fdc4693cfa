// From a raw CSV file to a prediction: sends the operations of this folder, in their order, to a running platform.
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

const server = process.env.PERENNIAL_URL ?? "http://localhost:4000";
const keyFile = process.env.PERENNIAL_KEY_FILE ?? ".perennial/operator.key";
const authorization = `Bearer ${(await readFile(keyFile, "utf8")).trim()}`;
const here = (name) => new URL(name, import.meta.url);

/** Sends an operation of this folder. Answers its data, in which nothing may be wrong. */
async function send(name, variables = {}) {
  const query = await readFile(here(`${name}.graphql`), "utf8");
  const response = await fetch(new URL("/graphql", server), {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  const problems = errors ?? Object.values(data).flatMap((answer) => answer?.problems ?? []);
  if (problems.length > 0) throw new Error(`${name}: ${JSON.stringify(problems)}`);
  return data;
}

/** Asks until a state is none of these. */
async function until(ask, waiting) {
  for (;;) {
    const found = await ask();
    if (!waiting.includes(found.state)) return found;
    await delay(200);
  }
}

// 1. The file goes up as it is: dollars, percents, dates, yes and no, and empty cells.
const { upload } = (await send("01-create-upload")).createUpload;
await fetch(new URL(upload.url, server), { method: upload.method, body: await readFile(here("churn.csv")) });

// 2. What is in it?
const { inferDataset: found } = await send("02-infer-dataset", { upload: upload.id });
console.log(`${found.rowCount} rows`);
for (const { name, type, role, missing, examples } of found.features)
  console.log(
    `  ${name.padEnd(15)} ${type.padEnd(9)} ${role.padEnd(10)} ${String(missing).padStart(3)} missing  ${examples[0]}`,
  );

// 3. The guess is the declaration, as it stands. The whole file becomes version 1, or nothing does.
await send("03-declare-dataset", { input: found.declaration });
const started = await send("04-import", { upload: upload.id });
const { id } = started.importUpload.import;
const done = await until(async () => (await send("05-import-state", { id })).import, ["QUEUED", "RUNNING"]);
const { train, validation, test } = done.version.splitCounts;
console.log(`${done.state}: version ${done.version.number}, ${train} + ${validation} + ${test} rows`);
const { totalCount, nodes } = (await send("06-look-at-rows")).datasetRows;
console.log(`${totalCount} rows do not say how many hours; the first is row ${nodes[0].ordinal} (${nodes[0].part})`);

// 4. A first model, as inputs of mutations.
const { suggestModel } = await send("07-suggest-model");
const { model, optimizer, training } = suggestModel;
console.log(`${model.name}: ${model.inputs.length} inputs, threshold ${model.threshold.method}`);
const { run } = (await send("08-train", { model, optimizer, training: { ...training, seed: 1 } })).train;
const trained = await until(async () => (await send("09-run", { id: run.id })).run, ["QUEUED", "RUNNING"]);
if (trained.state !== "SUCCEEDED") throw new Error(trained.error?.message ?? trained.state);
const auc = trained.version.evaluation.find(({ split, name }) => split === "TEST" && name === "auc");
console.log(`${trained.version.ref}: AUC ${auc.value.toFixed(2)} on the test rows`);

// 5. Two customers, written as in the file. The hours and the region of the second are unknown.
const rows = [
  {
    ...{ Plan: "Pro", "Monthly charge": "$85.50", "Signed up": "2022-03-01", "Support calls": 0, Discount: "10%" },
    ...{ "Hours per week": 14.5, "Auto pay": "Yes", Region: "North" },
  },
  {
    ...{ Plan: "Basic", "Monthly charge": "$24.90", "Signed up": "2025-11-20", "Support calls": 5, Discount: "0%" },
    ...{ "Hours per week": null, "Auto pay": "No" },
  },
];
const { predictions } = (await send("10-predict", { model: model.name, rows })).predict;
for (const [index, { value, probabilities }] of predictions.entries()) {
  const { probability } = probabilities.find(({ category }) => category === "true");
  console.log(`customer ${index + 1}: churns: ${value}, at ${Math.round(100 * probability)} %`);
}

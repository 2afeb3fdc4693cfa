import { appendFirstRows, chooseNames, declareDataset, declareModel, type Names } from "./chapters/declare.js";
import { declareRetraining, refresh } from "./chapters/refresh.js";
import { predict, promote } from "./chapters/serve.js";
import { showVersion, trainModel } from "./chapters/train.js";
import { type DigitRow, readDigits } from "./stage/digits.js";
import type { Screen } from "./stage/screen.js";
import { DemoFailure, type Stage } from "./stage/stage.js";

const firstRows = 1_200;
const asked = ["3", "6", "0", "4", "2"];

/**
 * Tells the whole story on a running platform, through its API alone.
 *
 * @throws DemoFailure, ClientError
 */
export async function tellStory(stage: Stage, examples: URL, reopen: string): Promise<void> {
  const rows = await readDigits(examples);
  const [first, later] = [rows.slice(0, firstRows), rows.slice(firstRows)];
  const names = await chooseNames(stage);
  await declareDataset(stage, names);
  await appendFirstRows(stage, names, first);
  await declareModel(stage, names);
  const version = await trainModel(stage, names);
  await showVersion(stage, names, version);
  await promote(stage, names, version);
  await predict(
    stage,
    names,
    asked.map((digit) => firstOf(later, digit)),
  );
  await declareRetraining(stage, names);
  const { promoted, ref } = await refresh(stage, names, version, later);
  summarize(stage.screen, names, promoted ? `${ref} took over` : `${ref} was refused`, reopen);
}

function firstOf(rows: DigitRow[], digit: string): DigitRow {
  const row = rows.find((candidate) => candidate.digit === digit);
  if (!row) throw new DemoFailure(`The data has no ${digit}.`);
  return row;
}

function summarize({ style, print }: Screen, { model, dataset }: Names, outcome: string, reopen: string): void {
  print(
    "",
    `    ${style("bold", "What you just saw")}`,
    "    A dataset, a network, an optimizer and a policy were declared. The platform",
    `    trained ${model}, numbered it, served it, noticed new rows in`,
    `    ${dataset}, trained again, compared both, and ${outcome}.`,
    "    All of it is one GraphQL API; the operations lie in examples/digits.",
    "",
    `    ${style("bold", "Look around in it")}`,
    `    ${reopen}`,
    "",
  );
}

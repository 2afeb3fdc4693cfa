import { artWidth, drawDigit } from "../stage/digit-art.js";
import type { DigitRow } from "../stage/digits.js";
import type { Screen } from "../stage/screen.js";
import { accepted, DemoFailure, type Payload, type Stage } from "../stage/stage.js";
import type { Names } from "./declare.js";

export async function promote({ screen, send }: Stage, { model }: Names, version: number): Promise<void> {
  screen.chapter("Promote it", "An alias is a name that moves. Who asks for the champion gets the version in service.");
  const { setAlias } = await send<{ setAlias: Payload & { alias: { name: string; version: { ref: string } } } }>(
    "09-set-alias",
    { model, version },
  );
  const { alias } = accepted(setAlias);
  screen.done(`${model}@${alias.name} is ${alias.version.ref}`);
}

interface Prediction {
  value: string;
  probabilities: { category: string; probability: number }[];
}

/** Has the champion read digits that the platform has never seen. */
export async function predict({ screen, send }: Stage, { model }: Names, rows: DigitRow[]): Promise<void> {
  screen.chapter("Ask it", "Raw rows in, categories with probabilities out. These digits it has never seen.");
  const { predict: answer } = await send<{ predict: { version: { ref: string }; predictions: Prediction[] } }>(
    "10-predict",
    { model: `${model}@champion`, rows: rows.map(({ pixels }) => ({ pixels })) },
  );
  screen.done(`answered by ${answer.version.ref}`);
  showPredictions(screen, rows, answer.predictions);
}

function showPredictions({ style, print }: Screen, rows: DigitRow[], predictions: Prediction[]): void {
  const drawings = rows.map(({ pixels }) => drawDigit(pixels));
  const lines = drawings[0]?.map((_, line) => drawings.map((drawing) => drawing[line] ?? "").join(" ")) ?? [];
  const cells = rows.map((row, index) => {
    const prediction = predictions[index];
    if (!prediction) throw new DemoFailure(`predict answered ${predictions.length} of ${rows.length} rows.`);
    const right = prediction.value === row.digit;
    const probability =
      prediction.probabilities.find(({ category }) => category === prediction.value)?.probability ?? Number.NaN;
    return [
      [right ? "green" : "red", `  reads ${prediction.value} ${right ? "✓" : "✗"}`] as const,
      ["dim", `  is    ${row.digit}`] as const,
      ["dim", `  ${(probability * 100).toFixed(1)} % sure`] as const,
    ];
  });
  const captions = [0, 1, 2].map((line) =>
    cells.map((cell) => style(cell[line]?.[0] ?? "dim", (cell[line]?.[1] ?? "").padEnd(artWidth))).join(" "),
  );
  print("", ...lines.map((line) => `   ${line}`.trimEnd()), "", ...captions.map((line) => `   ${line}`.trimEnd()));
}

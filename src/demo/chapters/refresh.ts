import type { DigitRow } from "../stage/digits.js";
import { watchRun } from "../stage/run-watch.js";
import { type Screen, wrap } from "../stage/screen.js";
import { accepted, DemoFailure, type Payload, type Stage } from "../stage/stage.js";
import { appendRows, type Names } from "./declare.js";

export async function declareRetraining(stage: Stage, { retraining, model, optimizer }: Names): Promise<void> {
  const { screen, send } = stage;
  screen.chapter(
    "Keep it fresh",
    "A policy: 500 new rows start a fine-tune from the champion, half of each batch old rows. " +
      "Both are then measured on the same test rows.",
  );
  const { declareRetraining } = await send<{ declareRetraining: Payload & { retraining: { enabled: boolean } } }>(
    "11-declare-retraining",
    { name: retraining, model, optimizer },
  );
  screen.done(`${retraining} is ${accepted(declareRetraining).retraining.enabled ? "watching" : "disabled"}`);
}

interface ModelEvent {
  cursor: string;
  kind: string;
  version: { ref: string; number: number } | null;
  alias: string | null;
  reason: string | null;
  run: { id: string } | null;
}

const kindWidth = 20;

/** How the gate decided about the fine-tuned version. */
export interface Verdict {
  promoted: boolean;
  /** The version that was judged. */
  ref: string;
}

/**
 * Appends the rows that were held back, and follows what the policy makes of them.
 *
 * @throws DemoFailure when the fine-tune fails
 */
export async function refresh(stage: Stage, names: Names, champion: number, rows: DigitRow[]): Promise<Verdict> {
  const { screen, client, operation } = stage;
  screen.chapter(
    "New rows arrive",
    "The model's history, from its beginning and then live. Nobody asks for the training that follows.",
  );
  const document = await operation("12-model-events");
  screen.operation(document, { model: names.model });
  const events = client.follow<{ modelEvents: ModelEvent }>(
    document,
    { model: names.model },
    ({ modelEvents }) => modelEvents.cursor,
  );
  for await (const { modelEvents: event } of events) {
    showEvent(screen, event);
    const ofChallenger = event.version !== null && event.version.number > champion;
    switch (event.kind) {
      case "ALIAS_MOVED":
        if (ofChallenger) return verdict(screen, event, true);
        await appendRows(stage, names, rows);
        screen.print("");
        break;
      case "PROMOTION_REFUSED":
        if (ofChallenger) return verdict(screen, event, false);
        break;
      case "RETRAINING_STARTED":
        if (event.run) await watchRun(stage, event.run.id);
        break;
      case "RETRAINING_FAILED":
        throw new DemoFailure(`The fine-tune failed: ${event.reason}`);
    }
  }
  throw new DemoFailure("The model's history ended before the verdict.");
}

function showEvent({ style, print }: Screen, { kind, version, alias, reason }: ModelEvent): void {
  const pointed = `${alias === null ? "" : `${alias} → `}${version?.ref ?? ""}`;
  const [first = "", ...rest] = wrap(kind === "RETRAINING_STARTED" ? (reason ?? "") : pointed, 80 - 4 - kindWidth);
  print(
    `    ${style("magenta", kind.padEnd(kindWidth))}${first}`,
    ...rest.map((line) => " ".repeat(4 + kindWidth) + line),
  );
}

function verdict({ style, print }: Screen, { version, alias, reason }: ModelEvent, promoted: boolean): Verdict {
  const ref = version?.ref ?? "";
  const [mark, outcome] = promoted
    ? [style("green", "✓"), `${alias} is now ${ref}`]
    : [style("yellow", "–"), `${ref} did not pass; ${alias} stays where it is`];
  print("", `  ${mark} ${style("bold", outcome)}`, ...wrap(reason ?? "", 76).map((line) => `    ${line}`));
  return { promoted, ref };
}

import { type DeclaredFields, type ResolvedFields, readFields, struct } from "../fields/field.js";
import { allowAtMostOne, readOptional } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { object } from "../fields/objects.js";
import { integer, number } from "../fields/scalars.js";
import { count } from "../fields/wording.js";

/** Which checkpoints are kept unless declared. */
export const keepDefaults: { latest: number; best: number; every: number | null } = { latest: 2, best: 1, every: null };

/** Resuming falls back to an older checkpoint where the newest is damaged, so at least one is kept. */
const keepFields = {
  latest: integer({
    min: 1,
    max: limits.keep,
    default: keepDefaults.latest,
    doc: "Number of newest checkpoints to keep.",
  }),
  best: integer({
    min: 0,
    max: limits.keep,
    default: keepDefaults.best,
    doc: "Number of best checkpoints to keep. Best by what early stopping monitors, else by `val_loss` (`epoch_loss` without validation rows).",
  }),
  every: integer({ min: 1, otherwise: "none", doc: "Keep the checkpoints of every Nth step." }),
};

/** Which checkpoints outlive newer ones: those that any of these names. */
export type Keep = ResolvedFields<typeof keepFields>;

const keepStruct = struct(
  "KeepInput",
  `Which checkpoints outlive newer ones: those that any of these names, at most ${count(limits.keptCheckpoints)} of a run, and ${limits.checkpointBytes / 2 ** 40} TiB of weights.`,
  keepFields,
);

const often = `At most ${count(limits.savedCheckpoints)} of a run. Training waits while the one before is still being stored.`;
/** When checkpoints are saved: at most one of these. */
const intervals = {
  everySteps: integer({ min: 1, otherwise: "none", doc: `Every N optimizer steps. ${often}` }),
  everyEpochs: integer({ min: 1, otherwise: "none", doc: `Every N epochs. ${often}` }),
  everySeconds: number({ above: 0, otherwise: "none", doc: "Every N seconds." }),
};
const kept = {
  keep: object(keepStruct, {
    doc: "Which checkpoints are kept.",
    otherwise: `the newest ${keepDefaults.latest} and the best`,
  }),
};

export const checkpointStruct = struct(
  "CheckpointInput",
  "How often everything needed to resume is saved: at most one of the first three. Default: every epoch or every 5 s, whichever is later. One is always saved at the end.",
  { ...intervals, ...kept },
);

export type CheckpointDeclaration = DeclaredFields<typeof checkpointStruct.fields>;

/** When a checkpoint is written; AUTO: every epoch or every 5 s, whichever is later. Always also at the end. */
export type CheckpointPolicy = { type: "AUTO" } | { type: "STEPS" | "EPOCHS" | "SECONDS"; every: number };

export function resolveCheckpoint(
  findings: Findings,
  declared: CheckpointDeclaration | null | undefined,
): { checkpoint: CheckpointPolicy; keep: Keep } {
  const policy = readOptional(findings, "checkpoint", declared);
  if (policy === undefined) return { checkpoint: { type: "AUTO" }, keep: keepDefaults };
  const at = findings.at("checkpoint");
  allowAtMostOne(at, policy, ["everySteps", "everyEpochs", "everySeconds"]);
  const every = readFields(at, intervals, policy);
  const { keep } = readFields(at, kept, policy);
  return { checkpoint: policyOf(every), keep: keep ?? keepDefaults };
}

/** Of an interval that is a problem itself, NaN, nothing is said. */
function policyOf({ everySteps, everyEpochs, everySeconds }: ResolvedFields<typeof intervals>): CheckpointPolicy {
  if (everySteps !== null && everySteps > 0) return { type: "STEPS", every: everySteps };
  if (everyEpochs !== null && everyEpochs > 0) return { type: "EPOCHS", every: everyEpochs };
  if (everySeconds !== null && everySeconds > 0) return { type: "SECONDS", every: everySeconds };
  return { type: "AUTO" };
}

import type { EarlyStopping, Keep } from "../language/training/training.js";

/** A checkpoint, as far as it matters for whether it is kept. */
export interface RetainedCheckpoint {
  id: string;
  attempt: number;
  step: number;
  /** See `Checkpoint.monitored`. */
  monitored: number | null;
}

/**
 * The ids of the checkpoints that are no longer kept: those that neither `latest` nor `best` nor `every` names. The newest
 * is always kept.
 *
 * What a later attempt wrote is newer whatever its step: it resumed behind, because what lay ahead could not be read. Of one
 * step the latest attempt's counts, and the others, which hold the same, go. Of equal measurements the earlier is better.
 *
 * @param mode whether more is better; by default less is, as of losses.
 */
export function droppedCheckpoints(
  checkpoints: readonly RetainedCheckpoint[],
  keep: Keep,
  mode: EarlyStopping["mode"] = "MIN",
): string[] {
  const newestFirst = [...checkpoints].sort((a, b) => b.attempt - a.attempt || b.step - a.step);
  const steps = new Set<number>();
  const single = newestFirst.filter(({ step }) => !steps.has(step) && steps.add(step));
  const sign = mode === "MAX" ? -1 : 1;
  const bestFirst = single
    .filter((checkpoint): checkpoint is RetainedCheckpoint & { monitored: number } => checkpoint.monitored !== null)
    .sort((a, b) => sign * (a.monitored - b.monitored) || a.step - b.step);
  const { every } = keep;
  const kept = new Set([
    ...single.slice(0, Math.max(1, keep.latest)),
    ...bestFirst.slice(0, keep.best),
    ...single.filter(({ step }) => every !== null && step % every === 0),
  ]);
  return checkpoints.filter((checkpoint) => !kept.has(checkpoint)).map(({ id }) => id);
}

import { Any, type EntityManager, IsNull, Not } from "typeorm";
import { Run } from "../../entities/run.js";
import type { Purpose, RunOrigin } from "./purpose.js";
import { reproduce } from "./reproduce.js";
import { retrain } from "./retrain.js";
import { train } from "./train.js";

/** Every purpose there is. */
export const purposes = { TRAIN: train, RETRAIN: retrain, REPRODUCE: reproduce } as const satisfies Record<
  string,
  Purpose
>;

const all: readonly Purpose[] = Object.values(purposes);

/** What a run is for. */
export function purposeOf(run: RunOrigin): Purpose {
  return all.find(({ column }) => column !== null && run[column] != null) ?? purposes.TRAIN;
}

/**
 * Settles with their purposes runs that FAILED together, because a run that they depend on did not succeed. There may be
 * thousands: only those are read whose purpose has something to do.
 */
export async function settleFailures(manager: EntityManager, runIds: string[]): Promise<void> {
  const where = all.flatMap(({ column, settleFailure }) =>
    settleFailure && column !== null ? [{ id: Any(runIds), [column]: Not(IsNull()) }] : [],
  );
  for (const run of await manager.find(Run, { where, order: { id: "ASC" } }))
    await purposeOf(run).settleFailure?.(manager, run, `${run.error?.code}: ${run.error?.message}`);
}

import type { EntityManager } from "typeorm";
import type { NamedValue, Run } from "../../entities/run.js";
import type { GateMeasurement } from "../../language/retraining/gate.js";
import type { VersionContent } from "../../registry/versions.js";

/** The columns that tell what a run was queued for, and hold what that purpose needs. */
const originColumns = ["parentVersionId", "retrainingId", "gate", "reproducesVersionId"] as const;
export type RunOrigin = Pick<Run, (typeof originColumns)[number]>;

/** The origin of a run, for another run of the same purpose. */
export function originOf(run: RunOrigin): RunOrigin {
  return Object.fromEntries(originColumns.map((column) => [column, run[column]])) as unknown as RunOrigin;
}

/** What a trainer is told because of a run's purpose, besides the model, the data and the training. */
export interface PurposeAssignment {
  /** The metric to measure on the test part, and the version to compare with (null: none yet); null: nothing is compared. */
  gate: { metric: string; championId: string | null } | null;
  /** Whether the files of a version are stored; false: nothing but the digest of the weights is computed. */
  storesArtifacts: boolean;
}

/** What a training that came to its end hands over. */
export interface RunOutcome {
  version: VersionContent;
  /** The values that stand for the run. */
  summary: NamedValue[];
  /** Absent or null where nothing was compared. */
  gate?: GateMeasurement | null;
}

/**
 * What a run is for: what its trainer is told, and what becomes of its result. There is one file for each purpose;
 * `purposes.ts` lists them. Nothing else depends on what a run is for.
 */
export interface Purpose {
  /** The column that is set in runs of this purpose and in no others; null for the purpose of all other runs. */
  readonly column: keyof RunOrigin | null;
  /** Called before each attempt, so it may follow what has changed since the run was queued. */
  assign(manager: EntityManager, run: Run): Promise<PurposeAssignment>;
  /**
   * Stores the result, in the transaction that then makes the run SUCCEEDED.
   *
   * @returns what the run's log says of it, for people.
   */
  settle(manager: EntityManager, run: Run, outcome: RunOutcome): Promise<string>;
  /** Called in the transaction that has made the run FAILED or CANCELED. `reason` is what the run's log says. */
  settleFailure?(manager: EntityManager, run: Run, reason: string): Promise<void>;
  /** Called in the transaction that has queued a new run to repeat this one, which is FAILED or CANCELED. */
  settleRetry?(manager: EntityManager, run: Run, retryId: string): Promise<void>;
}

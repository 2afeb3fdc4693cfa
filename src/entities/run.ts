import { Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { type TrainingSpec, unrecordedTraining } from "../language/training/training.js";
import { type Actor, ActorColumn } from "./actor.js";
import { RunDevice } from "./device.js";
import { enumOf } from "./enum.js";
import { Cost } from "./field-cost.js";
import { Node } from "./node.js";
import { Reproduction, RunEnvironment } from "./reproduction.js";
import { JSONObjectScalar, NumberScalar } from "./scalars.js";

export const runStates = ["QUEUED", "RUNNING", "CANCELING", "PAUSED", "SUCCEEDED", "FAILED", "CANCELED"] as const;
export type RunState = (typeof runStates)[number];
export const RunStateEnum = enumOf(runStates);
registerEnumType(RunStateEnum, {
  name: "RunState",
  description: "The state of a run.",
  valuesConfig: {
    QUEUED: { description: "Waiting to be started by a worker." },
    RUNNING: { description: "A worker holds the run's lease and a trainer process executes it." },
    CANCELING: { description: "Cancellation was requested; the trainer has not stopped yet." },
    PAUSED: { description: "Paused until `resumeRun`." },
    SUCCEEDED: { description: "Finished: it registered a version, or `reproduction` has its result." },
    FAILED: { description: "Ended with an error; see `error`." },
    CANCELED: { description: "Stopped by `cancelRun`." },
  },
});

@ObjectType({ description: "Progress of a run; at most 250 ms old while it runs." })
export class RunProgress {
  @Field(() => Int, { description: "The current epoch, from 1; 0 before the first." })
  epoch!: number;

  @Field(() => Int, { description: "Number of epochs requested; early stopping may end the run earlier." })
  epochs!: number;

  @Field(() => Int, { description: "Optimizer steps completed." })
  step!: number;

  @Field(() => Int, { description: "Optimizer steps of all requested epochs; 0 until the first step is completed." })
  steps!: number;
}

@ObjectType({ description: "The error that a run failed with." })
export class RunError {
  @Field({ description: "Error code, such as `DIVERGED`; one of those that `extensions.code` uses." })
  code!: string;

  @Field({ description: "Explanation in plain text." })
  message!: string;
}

/** Of `undefinedReason`, wherever a measurement has one. */
export const undefinedReasonDescription =
  "Why the metric is undefined and `value` is NaN, such as R² of a single row. Null if it is defined, or was measured before reasons were recorded.";

@ObjectType({ description: "A named value of a run." })
export class NamedValue {
  @Field({ description: "Name of the metric, such as `val_accuracy`." })
  name!: string;

  @Field(() => NumberScalar, { description: "The value; NaN and infinities are strings." })
  value!: number;

  @Field(() => String, { nullable: true, description: undefinedReasonDescription })
  undefinedReason?: string | null;
}

/** JSON has no NaN and no infinities: they are stored as the strings that `Number` writes. */
export function writeValues(values: readonly NamedValue[]): string {
  return JSON.stringify(values, (_, value) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
  );
}

function readValues(values: { name: string; value: number | string; undefinedReason?: string }[]): NamedValue[] {
  return values.map((named) => ({ ...named, value: Number(named.value) }));
}

/** Who wins when the run ends: the challenger's gate, copied from the policy when the run was started. */
export interface Gate {
  alias: string;
  metric: string;
  mustNotDropBy: number;
}

@Entity("run")
@ObjectType({
  implements: Node,
  description:
    "One training of a model. A successful run registers a version, or compares its weights with the version that it reproduces.",
})
export class Run extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text")
  @Field(() => RunStateEnum, { description: "The run's state." })
  state!: RunState;

  @Column("text", { name: "model_id" })
  modelId!: string;

  @Column("text", { name: "model_revision_id" })
  modelRevisionId!: string;

  @Column("text", { name: "optimizer_revision_id" })
  optimizerRevisionId!: string;

  @Column("text", { name: "dataset_version_id" })
  datasetVersionId!: string;

  @Column("text", { name: "parent_version_id", nullable: true })
  parentVersionId!: string | null;

  @Column("text", { name: "retraining_id", nullable: true })
  retrainingId!: string | null;

  @Column("text", { name: "retry_of_id", nullable: true })
  retryOfId!: string | null;

  @Column("text", { name: "reproduces_version_id", nullable: true })
  reproducesVersionId!: string | null;

  @Column("jsonb", { nullable: true })
  @Field(() => Reproduction, {
    nullable: true,
    description:
      "Whether its weights equal those of the version that it `reproduces`; null until it has succeeded and for other runs.",
  })
  reproduction!: Reproduction | null;

  @Column("jsonb", { nullable: true })
  gate!: Gate | null;

  @Column("jsonb", {
    transformer: { to: (spec) => spec, from: (spec: Partial<TrainingSpec>) => ({ ...unrecordedTraining, ...spec }) },
  })
  @Field(() => JSONObjectScalar, {
    description:
      "The options of `train` with all defaults filled in, and `semantics`, the version of the numerical rules (1 or 2).",
  })
  spec!: TrainingSpec;

  @Column("int")
  @Field(() => Int, { description: "Number of times that a worker has started the run; 0 before the first." })
  attempt!: number;

  /** Rises when a lease is granted or revoked; every write of an attempt must carry the value it was granted. */
  @Column("int")
  fence!: number;

  @Column("jsonb", { nullable: true })
  @Field(() => RunDevice, {
    nullable: true,
    description: "The device of the newest attempt; null before the run starts.",
  })
  device!: RunDevice | null;

  @Column("text", { nullable: true })
  @Field(() => String, {
    nullable: true,
    description:
      "Executor of the newest attempt, such as `onnx-cpu-1` (compiled, CPU, one thread); null before the run starts.",
  })
  executor!: string | null;

  @Column("jsonb", { nullable: true })
  @Field(() => RunEnvironment, {
    nullable: true,
    description: "The software and processor of the newest attempt; null before the run starts.",
  })
  environment!: RunEnvironment | null;

  @Column("text")
  @Field({ description: "The run's project. Projects with runs of equal priority share the slots evenly." })
  project!: string;

  @Column("int")
  @Field(() => Int, {
    description: "1 to 99. Runs with a lower number start first and may displace runs with a higher one.",
  })
  priority!: number;

  /** What it is known to need at least. */
  @Column("bigint", { name: "memory_bytes", transformer: { to: (bytes) => bytes, from: Number } })
  memoryBytes!: number;

  /** Runs that it depends on and that have not SUCCEEDED yet. */
  @Column("int", { name: "open_dependencies" })
  openDependencies!: number;

  @Column("int")
  @Field(() => Int, {
    description:
      "Restarts after the run's own faults since it last completed a new step. Lost workers and killed trainers are not counted.",
  })
  restarts!: number;

  /** The newest fault that counted. */
  @Column("jsonb", { name: "last_fault", nullable: true })
  lastFault!: { code: string; message: string; step: number } | null;

  /** What computed the newest point stored. */
  @Column("jsonb", { name: "measured_environment", nullable: true })
  measuredEnvironment!: RunEnvironment | null;

  /** The last step that any attempt has measured. */
  @Column("int", { name: "furthest_step" })
  furthestStep!: number;

  /** `furthestStep` when the newest attempt was granted: beyond it, the attempt has gained a step. */
  @Column("int", { name: "granted_step" })
  grantedStep!: number;

  /** Attempts in a row that were lost before they had gained a step. */
  @Column("int")
  losses!: number;

  /** Not to be claimed before: the pause after a fault. */
  @Column("timestamptz", { name: "not_before", nullable: true })
  notBefore!: Date | null;

  /** What its worker is asked to do with it. */
  @Column("text", { nullable: true })
  asked!: "PAUSE" | "PREEMPT" | null;

  @Column("text", { name: "worker_id", nullable: true })
  workerId!: string | null;

  @Column("timestamptz", { name: "lease_expires_at", nullable: true })
  leaseExpiresAt!: Date | null;

  @Column("jsonb")
  @Field(() => RunProgress, { description: "Progress of the run." })
  progress!: RunProgress;

  /** `seq` of the newest committed metric point. */
  @Column("int", { name: "metric_head" })
  metricHead!: number;

  @Column("jsonb", { nullable: true })
  @Field(() => RunError, { nullable: true, description: "The error of a FAILED run; null in every other state." })
  error!: RunError | null;

  @Column("jsonb", { transformer: { to: (values: NamedValue[]) => values, from: readValues } })
  @Cost({ length: 10 })
  @Field(() => [NamedValue], {
    description: "Metrics of the epoch whose weights were kept. Empty unless the run SUCCEEDED.",
  })
  summary!: NamedValue[];

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "Time at which the run was queued." })
  createdAt!: Date;

  @Column("timestamptz", { name: "updated_at" })
  @Field({ description: "Time of the last change." })
  updatedAt!: Date;

  @Column("timestamptz", { name: "started_at", nullable: true })
  @Field(() => Date, { nullable: true, description: "Start of the first attempt; null before." })
  startedAt!: Date | null;

  @Column("timestamptz", { name: "finished_at", nullable: true })
  @Field(() => Date, {
    nullable: true,
    description: "Time at which the run SUCCEEDED, FAILED or was CANCELED; null before.",
  })
  finishedAt!: Date | null;

  @ActorColumn("Who queued it: the operator, or the retraining policy that it belongs to.")
  actor!: Actor;
}

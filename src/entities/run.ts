import { Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import type { Gate } from "../language/retraining/gate.js";
import { type TrainingSpec, unrecordedTraining } from "../language/training/training.js";
import { type Actor, ActorColumn } from "./actor.js";
import { RunDevice } from "./device.js";
import { enumOf } from "./enum.js";
import { Cost } from "./field-cost.js";
import { GateObject } from "./gate.js";
import { Node } from "./node.js";
import { Reproduction, RunEnvironment } from "./reproduction.js";
import { JSONObjectScalar, NumberScalar } from "./scalars.js";

export const runStates = ["QUEUED", "RUNNING", "CANCELING", "PAUSED", "SUCCEEDED", "FAILED", "CANCELED"] as const;
export type RunState = (typeof runStates)[number];
export const RunStateEnum = enumOf(runStates);
registerEnumType(RunStateEnum, {
  name: "RunState",
  description: "Where a run stands in its life.",
  valuesConfig: {
    QUEUED: { description: "Waits for a free slot." },
    RUNNING: { description: "A worker holds its lease and a trainer executes it." },
    CANCELING: { description: "Asked to stop; its trainer has not confirmed yet." },
    PAUSED: { description: "Held back until it is resumed." },
    SUCCEEDED: { description: "Finished; its version is registered, or `reproduction` tells its verdict." },
    FAILED: { description: "Ended with `error`." },
    CANCELED: { description: "Stopped on request." },
  },
});

@ObjectType({ description: "How far a run has come; at most 250 ms old while it runs." })
export class RunProgress {
  @Field(() => Int, { description: "The epoch in work, from 1; 0 before the first." })
  epoch!: number;

  @Field(() => Int, { description: "Epochs asked for." })
  epochs!: number;

  @Field(() => Int, { description: "Optimizer steps done." })
  step!: number;

  @Field(() => Int, { description: "Optimizer steps a full run takes; 0 before the first is done." })
  steps!: number;
}

@ObjectType({ description: "Why a run failed." })
export class RunError {
  @Field({ description: "Such as `DIVERGED`; the codes are those of `extensions.code`." })
  code!: string;

  @Field({ description: "For people." })
  message!: string;
}

/** Of `undefinedReason`, wherever a measurement has one. */
export const undefinedReasonDescription =
  "Why the value is NaN: where the metric is not defined, such as R² of a single row. Null where it is defined, and for what was measured before reasons were recorded.";

@ObjectType({ description: "A named value." })
export class NamedValue {
  @Field({ description: "Such as `val_accuracy`." })
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

@Entity("run")
@ObjectType({
  implements: Node,
  description:
    "One training of a model, from the queue to a registered version, or to the verdict on one that it reproduces.",
})
export class Run extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text")
  @Field(() => RunStateEnum, { description: "Where it stands." })
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
    description: "Whether it came to the same weights as the version it `reproduces`; null before it has succeeded.",
  })
  reproduction!: Reproduction | null;

  /** Copied from the policy when the run was queued. */
  @Column("jsonb", { nullable: true })
  @Field(() => GateObject, {
    nullable: true,
    description: "What its version must pass to take an alias by itself; null where nothing is promoted.",
  })
  gate!: Gate | null;

  @Column("jsonb", {
    transformer: { to: (spec) => spec, from: (spec: Partial<TrainingSpec>) => ({ ...unrecordedTraining, ...spec }) },
  })
  @Field(() => JSONObjectScalar, {
    description:
      "The resolved training: epochs, batch size, seed, early stopping, checkpoints and which are kept, device, threads, restarts, and `semantics`, the definition of its numbers (1 or 2).",
  })
  spec!: TrainingSpec;

  @Column("int")
  @Field(() => Int, { description: "How often a worker has started it; 0 while it has never run." })
  attempt!: number;

  /** Rises when a lease is granted or revoked; every write of an attempt must carry the value it was granted. */
  @Column("int")
  fence!: number;

  @Column("jsonb", { nullable: true })
  @Field(() => RunDevice, {
    nullable: true,
    description: "What its newest attempt was given to compute on; null before it starts.",
  })
  device!: RunDevice | null;

  @Column("text", { nullable: true })
  @Field(() => String, {
    nullable: true,
    description:
      "What its newest attempt computes with, such as `onnx-cpu-1` (compiled, on the CPU, one thread); null before it starts. The same executor gives the same weights, bit for bit.",
  })
  executor!: string | null;

  @Column("jsonb", { nullable: true })
  @Field(() => RunEnvironment, {
    nullable: true,
    description: "All that the bits of its weights depend on beside what was declared; null before it starts.",
  })
  environment!: RunEnvironment | null;

  @Column("text")
  @Field({ description: "The project it belongs to: those of one priority share the slots evenly." })
  project!: string;

  @Column("int")
  @Field(() => Int, { description: "1 to 99; lower starts first, and displaces what has a higher number." })
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
      "Restarts after faults of its own since a step was last gained; a lost worker or a killed trainer counts none.",
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

  /** What its worker is requested to do: to have the trainer write a checkpoint and give the run back. */
  @Column("text", { name: "asked", nullable: true })
  requested!: "PAUSE" | "PREEMPT" | null;

  @Column("text", { name: "worker_id", nullable: true })
  workerId!: string | null;

  @Column("timestamptz", { name: "lease_expires_at", nullable: true })
  leaseExpiresAt!: Date | null;

  @Column("jsonb")
  @Field(() => RunProgress, { description: "How far it has come." })
  progress!: RunProgress;

  /** `seq` of the newest committed metric point. */
  @Column("int", { name: "metric_head" })
  metricHead!: number;

  @Column("jsonb", { nullable: true })
  @Field(() => RunError, { nullable: true, description: "Set when it FAILED." })
  error!: RunError | null;

  @Column("jsonb", { transformer: { to: (values: NamedValue[]) => values, from: readValues } })
  @Cost({ length: 10 })
  @Field(() => [NamedValue], {
    description:
      "The values that stand for the run: those of the epoch whose weights were kept. Empty unless it has SUCCEEDED.",
  })
  summary!: NamedValue[];

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "When it was queued." })
  createdAt!: Date;

  @Column("timestamptz", { name: "updated_at" })
  @Field({ description: "When it last changed." })
  updatedAt!: Date;

  @Column("timestamptz", { name: "started_at", nullable: true })
  @Field(() => Date, { nullable: true, description: "When its first attempt began." })
  startedAt!: Date | null;

  @Column("timestamptz", { name: "finished_at", nullable: true })
  @Field(() => Date, { nullable: true, description: "When it reached its last state." })
  finishedAt!: Date | null;

  @ActorColumn("Who queued it: the operator, or the retraining policy that it belongs to.")
  actor!: Actor;
}

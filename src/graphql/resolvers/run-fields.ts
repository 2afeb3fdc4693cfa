import { Arg, Args, Ctx, FieldResolver, Int, Resolver, Root } from "type-graphql";
import { Checkpoint } from "../../entities/checkpoint.js";
import { Cost } from "../../entities/field-cost.js";
import { Model } from "../../entities/model.js";
import { Retraining } from "../../entities/retraining.js";
import { Run } from "../../entities/run.js";
import { ModelVersion } from "../../entities/version.js";
import { Worker } from "../../entities/worker.js";
import { assertAmount, ConnectionArguments, listLimits } from "../../lists/arguments.js";
import { badInput } from "../../lists/condition.js";
import { isStorable } from "../../lists/loaders.js";
import { sliceOf } from "../../lists/slice.js";
import { metricHistory } from "../../runs/metric-history.js";
import { dependenciesOf } from "../../runs/queueing.js";
import { type Standing, standings } from "../../scheduler/queue.js";
import { CheckpointConnection, CheckpointsArguments, checkpoints } from "../collections/checkpoints.js";
import { RunEventConnection, runEvents } from "../collections/run-events.js";
import type { Context } from "../context.js";
import { QueueReason } from "../queue-types.js";
import { Lineage, MetricSeries } from "../run-types.js";

@Resolver(() => Run)
export class RunFields {
  @FieldResolver(() => Model, { description: "The model it trains." })
  model(@Root() run: Run, @Ctx() { loaders }: Context): Promise<Model | null> {
    return loaders.byId(Model).load(run.modelId);
  }

  @Cost({
    length: { arguments: ["names"], otherwise: 10, max: listLimits.entries },
    page: { arguments: ["maxPoints"], otherwise: 1_000, max: 10_000 },
    statement: true,
  })
  @FieldResolver(() => [MetricSeries], {
    description:
      "The history of its metrics, in the order of `names`, else of the alphabet; a metric without points is left out.",
  })
  metrics(
    @Root() run: Run,
    @Arg("names", () => [String], { nullable: true, description: "Which metrics; all unless given." })
    names: string[] | null | undefined,
    @Arg("maxPoints", () => Int, {
      defaultValue: 1_000,
      description:
        "The most points of each metric, 1 to 10,000. A longer history is thinned so that its extremes and its end stay; of fewer than three points, its end.",
    })
    maxPoints: number,
    @Ctx() { loaders }: Context,
  ): Promise<MetricSeries[]> {
    assertAmount("maxPoints", maxPoints, listLimits.points);
    if (names != null && names.length > listLimits.entries)
      throw badInput("names", `must hold at most ${listLimits.entries} names, got ${names.length}`);
    const wanted = names?.filter(isStorable) ?? null;
    const name = `metrics ${maxPoints} ${JSON.stringify(wanted)}`;
    return loaders
      .batched<string, MetricSeries[]>(name, async (runIds) => {
        const histories = await metricHistory(loaders.db, runIds, wanted, maxPoints);
        return runIds.map((id) => histories.get(id) ?? []);
      })
      .load(run.id);
  }

  @FieldResolver(() => CheckpointConnection, { description: "What it can be resumed from." })
  checkpoints(
    @Root() run: Run,
    @Args(() => CheckpointsArguments) args: CheckpointsArguments,
    @Ctx() { loaders }: Context,
  ) {
    return new CheckpointConnection(sliceOf(loaders, checkpoints, args, { column: "run_id", id: run.id }));
  }

  @FieldResolver(() => RunEventConnection, { description: "What happened to it, in order." })
  events(@Root() run: Run, @Args(() => ConnectionArguments) args: ConnectionArguments, @Ctx() { loaders }: Context) {
    return new RunEventConnection(sliceOf(loaders, runEvents, args, { column: "run_id", id: run.id }));
  }

  @FieldResolver(() => ModelVersion, {
    nullable: true,
    description: "What it made; null before it succeeded, and for a run that reproduces a version.",
  })
  async version(@Root() run: Run, @Ctx() { loaders }: Context): Promise<ModelVersion | null> {
    return (await loaders.listBy(ModelVersion, "runId", {}).load(run.id))[0] ?? null;
  }

  @FieldResolver(() => Lineage, { description: "What it was made from." })
  lineage(@Root() run: Run): Lineage {
    return new Lineage(run);
  }

  @FieldResolver(() => Run, { nullable: true, description: "The run it repeats, if `retryRun` made it." })
  retryOf(@Root() run: Run, @Ctx() { loaders }: Context): Promise<Run | null> | null {
    return run.retryOfId === null ? null : loaders.byId(Run).load(run.retryOfId);
  }

  @FieldResolver(() => ModelVersion, {
    nullable: true,
    description: "The version that it trains again, if `reproduceVersion` made it.",
  })
  reproduces(@Root() run: Run, @Ctx() { loaders }: Context): Promise<ModelVersion | null> | null {
    return run.reproducesVersionId === null ? null : loaders.byId(ModelVersion).load(run.reproducesVersionId);
  }

  @FieldResolver(() => Retraining, { nullable: true, description: "The policy that started it, if any." })
  retraining(@Root() run: Run, @Ctx() { loaders }: Context): Promise<Retraining | null> | null {
    return run.retrainingId === null ? null : loaders.byId(Retraining).load(run.retrainingId);
  }

  @FieldResolver(() => Worker, { nullable: true, description: "Who executes it now; null while nobody does." })
  worker(@Root() run: Run, @Ctx() { loaders }: Context): Promise<Worker | null> | null {
    const executed = run.state === "RUNNING" || run.state === "CANCELING";
    return executed && run.workerId !== null ? loaders.byId(Worker).load(run.workerId) : null;
  }

  @Cost({ length: 3 })
  @FieldResolver(() => [Run], { description: "The runs that must have SUCCEEDED before it starts, oldest first." })
  dependsOn(@Root() run: Run, @Ctx() { loaders }: Context): Promise<Run[]> {
    return loaders
      .batched<string, Run[]>("dependencies by run", async (runIds) => {
        const runs = await dependenciesOf(loaders.db, runIds);
        return runIds.map((id) => runs.get(id) ?? []);
      })
      .load(run.id);
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description:
      "Its place among all that wait, 1 for the first; null unless QUEUED. Those that may start come first, in order of priority, then of what their projects use, then of age. A run whose device is free starts before others that need another.",
  })
  async queuePosition(@Root() run: Run, @Ctx() context: Context): Promise<number | null> {
    return (await standingOf(run, context))?.position ?? null;
  }

  @FieldResolver(() => QueueReason, {
    nullable: true,
    description: "Why it has not started, as things stand now; null unless QUEUED.",
  })
  async queueReason(@Root() run: Run, @Ctx() context: Context): Promise<QueueReason | null> {
    return (await standingOf(run, context))?.reason ?? null;
  }
}

/** Where a run stands in the queue; null for one that does not wait. */
async function standingOf(run: Run, { loaders }: Context): Promise<Standing | null> {
  if (run.state !== "QUEUED") return null;
  return loaders
    .batched<string, Standing | null>("standings in the queue", async (runIds) => {
      const found = await standings(loaders.db, runIds);
      return runIds.map((id) => found.get(id) ?? null);
    })
    .load(run.id);
}

@Resolver(() => Checkpoint)
export class CheckpointFields {
  @FieldResolver(() => Run, { description: "The run that wrote it." })
  run(@Root() checkpoint: Checkpoint, @Ctx() { loaders }: Context): Promise<Run | null> {
    return loaders.byId(Run).load(checkpoint.runId);
  }
}

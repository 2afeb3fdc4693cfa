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
import { GateObject, Lineage, MetricSeries } from "../run-types.js";

@Resolver(() => Run)
export class RunFields {
  @FieldResolver(() => Model, { description: "The model that the run trains." })
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
      "Histories of its metrics, in the order of `names` or else alphabetically. Metrics without points are left out.",
  })
  metrics(
    @Root() run: Run,
    @Arg("names", () => [String], { nullable: true, description: "Names of the metrics. Default: all." })
    names: string[] | null | undefined,
    @Arg("maxPoints", () => Int, {
      defaultValue: 1_000,
      description:
        "Maximum points per metric, 1 to 10,000. Longer histories are downsampled; minima, maxima and the last point are kept (the last point alone below 3).",
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

  @FieldResolver(() => CheckpointConnection, { description: "The checkpoints that are kept." })
  checkpoints(
    @Root() run: Run,
    @Args(() => CheckpointsArguments) args: CheckpointsArguments,
    @Ctx() { loaders }: Context,
  ) {
    return new CheckpointConnection(sliceOf(loaders, checkpoints, args, { column: "run_id", id: run.id }));
  }

  @FieldResolver(() => RunEventConnection, { description: "The run's log, oldest entry first." })
  events(@Root() run: Run, @Args(() => ConnectionArguments) args: ConnectionArguments, @Ctx() { loaders }: Context) {
    return new RunEventConnection(sliceOf(loaders, runEvents, args, { column: "run_id", id: run.id }));
  }

  @FieldResolver(() => ModelVersion, {
    nullable: true,
    description: "The version that it registered; null until it has succeeded and for a run of `reproduceVersion`.",
  })
  async version(@Root() run: Run, @Ctx() { loaders }: Context): Promise<ModelVersion | null> {
    return (await loaders.listBy(ModelVersion, "runId", {}).load(run.id))[0] ?? null;
  }

  @FieldResolver(() => Lineage, { description: "The inputs of the run." })
  lineage(@Root() run: Run): Lineage {
    return new Lineage(run);
  }

  @FieldResolver(() => Run, {
    nullable: true,
    description: "The run that it repeats; null unless it was queued by `retryRun`.",
  })
  retryOf(@Root() run: Run, @Ctx() { loaders }: Context): Promise<Run | null> | null {
    return run.retryOfId === null ? null : loaders.byId(Run).load(run.retryOfId);
  }

  @FieldResolver(() => ModelVersion, {
    nullable: true,
    description: "The version that it trains again; null unless it was queued by `reproduceVersion`.",
  })
  reproduces(@Root() run: Run, @Ctx() { loaders }: Context): Promise<ModelVersion | null> | null {
    return run.reproducesVersionId === null ? null : loaders.byId(ModelVersion).load(run.reproducesVersionId);
  }

  @FieldResolver(() => Retraining, { nullable: true, description: "The policy that started it; null for other runs." })
  retraining(@Root() run: Run, @Ctx() { loaders }: Context): Promise<Retraining | null> | null {
    return run.retrainingId === null ? null : loaders.byId(Retraining).load(run.retrainingId);
  }

  @FieldResolver(() => GateObject, {
    nullable: true,
    description: "The condition under which its version gets an alias; null if nothing is to be promoted.",
  })
  gate(@Root() run: Run): GateObject | null {
    return run.gate;
  }

  @FieldResolver(() => Worker, { nullable: true, description: "The worker that executes it now; null if none does." })
  worker(@Root() run: Run, @Ctx() { loaders }: Context): Promise<Worker | null> | null {
    const executed = run.state === "RUNNING" || run.state === "CANCELING";
    return executed && run.workerId !== null ? loaders.byId(Worker).load(run.workerId) : null;
  }

  @Cost({ length: 3 })
  @FieldResolver(() => [Run], {
    description: "The runs that must have SUCCEEDED before this one starts, oldest first.",
  })
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
      "Place in the queue, from 1; null unless QUEUED. Runs that may start come first, ordered by priority, use of slots by the project, and age.",
  })
  async queuePosition(@Root() run: Run, @Ctx() context: Context): Promise<number | null> {
    return (await standingOf(run, context))?.position ?? null;
  }

  @FieldResolver(() => QueueReason, {
    nullable: true,
    description: "Why it has not started yet; null unless QUEUED.",
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
  @FieldResolver(() => Run, { description: "The run that saved it." })
  run(@Root() checkpoint: Checkpoint, @Ctx() { loaders }: Context): Promise<Run | null> {
    return loaders.byId(Run).load(checkpoint.runId);
  }
}

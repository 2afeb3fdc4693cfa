import { Arg, Ctx, FieldResolver, Int, Resolver, Root } from "type-graphql";
import { Checkpoint } from "../../entities/checkpoint.js";
import { Cost } from "../../entities/field-cost.js";
import { Model } from "../../entities/model.js";
import { Retraining } from "../../entities/retraining.js";
import { Run } from "../../entities/run.js";
import { RunEvent } from "../../entities/run-event.js";
import { ModelVersion } from "../../entities/version.js";
import { Worker } from "../../entities/worker.js";
import { assertAmount, listLimits } from "../../lists/arguments.js";
import { badInput, compare } from "../../lists/condition.js";
import { byId, byInstant, byInt, byNameOf, byText, filterBy } from "../../lists/filter.js";
import { list } from "../../lists/list.js";
import { byColumns, listing, logListing } from "../../lists/listing.js";
import { isStorable } from "../../lists/loaders.js";
import { RunStateFilter } from "../../lists/operators.js";
import { runEvents } from "../../runs/events.js";
import { metricHistory } from "../../runs/metric-history.js";
import { dependenciesOf } from "../../runs/queueing.js";
import { type Standing, standings } from "../../scheduler/queue.js";
import { fieldsOf, many, one } from "../builders/fields.js";
import { cursorField } from "../builders/history.js";
import { addById, addList, newResolver } from "../builders/queries.js";
import type { Context } from "../context/context.js";
import { QueueReason } from "../payloads/queue-reason.js";
import { GateObject, Lineage, MetricSeries } from "../payloads/run-parts.js";

/** Runs of all models, or of one owner; also the fields that the subscription `runs` filters by. */
export const runs = list(
  Run,
  "runs",
  listing("Run", {
    filter: {
      description: "Which runs to list.",
      fields: {
        id: byId("id", "The run's id."),
        state: filterBy(RunStateFilter, "Where it stands.", compare("t.state")),
        model: byNameOf("model", "model_id", "Name of the model that it trains."),
        retraining: byNameOf(
          "retraining",
          "retraining_id",
          "Name of the policy that started it. Runs without a policy match no comparison, not even `ne`.",
        ),
        project: byText("project", "The run's project."),
        priority: byInt("priority", "The priority, 1 to 99; runs with a lower number start first."),
        attempt: byInt("attempt", "Number of times that a worker has started it."),
        createdAt: byInstant("created_at", "When it was queued."),
        updatedAt: byInstant("updated_at", "Time of the last change."),
      },
    },
    order: {
      ...byColumns(
        "Run",
        {
          CREATED_AT: { column: "created_at", kind: "instant", description: "When it was queued." },
          UPDATED_AT: {
            column: "updated_at",
            kind: "instant",
            description:
              "Time of the last change. A run that changes while you page may be listed twice or not at all.",
          },
        },
        { field: "CREATED_AT", direction: "DESC" },
      ),
      description: "The order. Default: newest first.",
    },
  }),
);

const checkpoints = list(
  Checkpoint,
  "checkpoints",
  listing("Checkpoint", {
    filter: {
      description: "Which checkpoints of a run to list.",
      fields: {
        step: byInt("step", "Optimizer steps completed when it was saved."),
        epoch: byInt("epoch", "Epochs completed when it was saved."),
        attempt: byInt("attempt", "The attempt that saved it."),
        createdAt: byInstant("created_at", "When it was committed."),
      },
    },
    order: {
      ...byColumns(
        "Checkpoint",
        { STEP: { column: "step", kind: "int", description: "Optimizer steps completed when it was saved." } },
        { field: "STEP", direction: "DESC" },
      ),
      description: "The order. Default: most steps first.",
    },
  }),
);

const events = list(RunEvent, "run events", logListing(), "run_id");

@Resolver(() => Run)
class RunFields {
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
        "Maximum points per metric, 1 to 10,000. Longer histories are downsampled; minima, maxima and the last point are kept (below 3 only the last points).",
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

const queries = newResolver();
addById(queries, "run", Run, {
  description: "A run; null if there is none of this id.",
  argument: "Id of the run, such as `run_…`.",
});
addList(queries, "runs", runs, "The runs of all models.");

/** Trainings, from the queue to a version. */
export const runResolvers = [
  queries,
  fieldsOf(Run, {
    model: one(Model, "modelId", "The model that the run trains."),
    checkpoints: many(checkpoints, "run_id", "The checkpoints that are kept."),
    events: many(events, "run_id", "The run's log, oldest entry first."),
    retryOf: one(Run, "retryOfId", "The run that it repeats; null unless it was queued by `retryRun`.", {
      nullable: true,
    }),
    reproduces: one(
      ModelVersion,
      "reproducesVersionId",
      "The version that it trains again; null unless it was queued by `reproduceVersion`.",
      { nullable: true },
    ),
    retraining: one(Retraining, "retrainingId", "The policy that started it; null for other runs.", { nullable: true }),
  }),
  RunFields,
  fieldsOf(Checkpoint, { run: one(Run, "runId", "The run that saved it.") }),
  fieldsOf(RunEvent, { cursor: cursorField(runEvents, "runId", "runEvents") }),
];

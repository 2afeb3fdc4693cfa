import { Arg, type ClassType, ID, Int, Resolver, Root, Subscription } from "type-graphql";
import { Cost } from "../../entities/field-cost.js";
import { Run } from "../../entities/run.js";
import { RunEvent } from "../../entities/run-event.js";
import { listLimits } from "../../lists/arguments.js";
import type { Filter } from "../../lists/filter.js";
import { metricBatchSize } from "../../runs/feed/metric-feed.js";
import { afterOption } from "../builders/history.js";
import { runs } from "../nouns/run.js";
import { RunMetricBatch } from "../payloads/metric-batch.js";
import { followRunEvents, followRunMetrics, followSelectedRuns } from "./run-feeds.js";

const runIdOption = { description: "The run's id; one that does not exist is NOT_FOUND." };

/** Runs as they go on. */
@Resolver()
export class RunSubscriptions {
  @Cost({ page: { arguments: ["maxPoints"], otherwise: metricBatchSize, max: listLimits.points }, statement: true })
  @Subscription(() => RunMetricBatch, {
    subscribe: ({ args, context }) => followRunMetrics(context.platform, args),
    description:
      "All metric points of a run, those there are and those to come: each once, in order, over any number of reconnections. A silent run sends an empty batch every ten seconds or sooner. Completes when the run has ended.",
  })
  runMetrics(
    @Root() batch: RunMetricBatch,
    @Arg("runId", () => ID, runIdOption) _runId: string,
    @Arg("after", () => String, afterOption) _after?: string,
    @Arg("maxPoints", () => Int, {
      nullable: true,
      description:
        "The most points of one batch, 1 to 10,000: where more wait, because the subscriber starts or falls behind, they are thinned so that of every metric the extremes and the end of each stretch stay. Default: every point is sent.",
    })
    _maxPoints?: number,
  ): RunMetricBatch {
    return batch;
  }

  @Subscription(() => RunEvent, {
    subscribe: ({ args, context }) => followRunEvents(context.platform, args),
    description:
      "The log of a run, each entry once and in order: changes of state, checkpoints, warnings. Completes when the run has ended.",
  })
  runEvents(
    @Root() event: RunEvent,
    @Arg("runId", () => ID, runIdOption) _runId: string,
    @Arg("after", () => String, afterOption) _after?: string,
  ): RunEvent {
    return event;
  }

  @Subscription(() => Run, {
    subscribe: ({ args, context }) => followSelectedRuns(context.platform, args),
    description:
      "Runs as they change: first those that have not ended, oldest first, then each one whenever its state, attempt or progress has changed, at most four times a second. Never completes.",
  })
  runs(
    @Root() run: Run,
    @Arg("filter", () => runs.Filter as ClassType<Filter>, {
      nullable: true,
      description: "Which runs; all unless given.",
    })
    _filter?: Filter,
  ): Run {
    return run;
  }
}

import { Arg, ID, Int, Resolver, Root, Subscription } from "type-graphql";
import { Cost } from "../../entities/field-cost.js";
import { Run } from "../../entities/run.js";
import { RunEvent } from "../../entities/run-event.js";
import { RunFilter } from "../collections/runs.js";
import { followRuns } from "../subscriptions/live-runs.js";
import { RunMetricBatch } from "../subscriptions/metric-batch.js";
import { followRunEvents, followRunMetrics, mostPoints } from "../subscriptions/run-logs.js";
import { metricBatchSize } from "../subscriptions/run-metrics.js";

const runIdOption = { description: "The run's id; one that does not exist is NOT_FOUND." };
const afterOption = {
  nullable: true,
  description:
    "A `cursor` of this subscription to go on behind; anything else is BAD_CURSOR. Default: from the beginning.",
};

/** Runs as they go on. */
@Resolver()
export class RunSubscriptions {
  @Cost({ page: { arguments: ["maxPoints"], otherwise: metricBatchSize, max: mostPoints }, statement: true })
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
    subscribe: ({ args, context }) => followRuns(context.platform, args),
    description:
      "Runs as they change: first those that have not ended, oldest first, then each one whenever its state, attempt or progress has changed, at most four times a second. Never completes.",
  })
  runs(
    @Root() run: Run,
    @Arg("filter", () => RunFilter, { nullable: true, description: "Which runs; all unless given." })
    _filter?: RunFilter,
  ): Run {
    return run;
  }
}

import { Arg, ID, Int, Resolver, Root, Subscription } from "type-graphql";
import { Cost } from "../../entities/field-cost.js";
import { Run } from "../../entities/run.js";
import { RunEvent } from "../../entities/run-event.js";
import { RunFilter } from "../collections/runs.js";
import { followRuns } from "../subscriptions/live-runs.js";
import { RunMetricBatch } from "../subscriptions/metric-batch.js";
import { followRunEvents, followRunMetrics, mostPoints } from "../subscriptions/run-logs.js";
import { metricBatchSize } from "../subscriptions/run-metrics.js";

const runIdOption = { description: "Id of the run; NOT_FOUND if it does not exist." };
const afterOption = {
  nullable: true,
  description:
    "Resume after this cursor of the same subscription; any other cursor is BAD_CURSOR. Default: start from the beginning.",
};

/** Runs as they go on. */
@Resolver()
export class RunSubscriptions {
  @Cost({ page: { arguments: ["maxPoints"], otherwise: metricBatchSize, max: mostPoints }, statement: true })
  @Subscription(() => RunMetricBatch, {
    subscribe: ({ args, context }) => followRunMetrics(context.platform, args),
    description:
      "Metric points of a run, past and future, each once and in order. Sends an empty batch at least every 10 s when there are none. Completes when the run has ended.",
  })
  runMetrics(
    @Root() batch: RunMetricBatch,
    @Arg("runId", () => ID, runIdOption) _runId: string,
    @Arg("after", () => String, afterOption) _after?: string,
    @Arg("maxPoints", () => Int, {
      nullable: true,
      description:
        "Maximum points per batch, 1 to 10,000. When more are waiting they are downsampled; minima, maxima and last points are kept. Default: every point is sent.",
    })
    _maxPoints?: number,
  ): RunMetricBatch {
    return batch;
  }

  @Subscription(() => RunEvent, {
    subscribe: ({ args, context }) => followRunEvents(context.platform, args),
    description:
      "Log of a run: changes of state, checkpoints and warnings. Each entry comes once, in order. Completes when the run has ended.",
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
      "First all runs that have not ended, oldest first; then each run whenever its state, attempt or progress changes, at most 4 times per second. Never completes.",
  })
  runs(
    @Root() run: Run,
    @Arg("filter", () => RunFilter, { nullable: true, description: "Which runs to send. Default: all." })
    _filter?: RunFilter,
  ): Run {
    return run;
  }
}

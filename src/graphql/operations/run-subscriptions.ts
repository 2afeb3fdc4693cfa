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

const runIdOption = { description: "Id of the run; NOT_FOUND if it does not exist." };

/** Runs as they go on. */
@Resolver()
export class RunSubscriptions {
  @Cost({ page: { arguments: ["maxPoints"], otherwise: metricBatchSize, max: listLimits.points }, statement: true })
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
    subscribe: ({ args, context }) => followSelectedRuns(context.platform, args),
    description:
      "First all runs that have not ended, oldest first; then each run whenever its state, attempt or progress changes, at most 4 times per second. Never completes.",
  })
  runs(
    @Root() run: Run,
    @Arg("filter", () => runs.Filter as ClassType<Filter>, {
      nullable: true,
      description: "Which runs to send. Default: all.",
    })
    _filter?: Filter,
  ): Run {
    return run;
  }
}

import { Arg, Resolver, Root, Subscription } from "type-graphql";
import { DatasetEvent, ModelEvent } from "../../entities/event.js";
import { followDatasetEvents, followModelEvents } from "../subscriptions/histories.js";

const afterOption = {
  nullable: true,
  description:
    "Resume after this cursor of the same subscription; any other cursor is BAD_CURSOR. Default: start from the beginning.",
};

/** What happens to datasets and models. */
@Resolver()
export class HistorySubscriptions {
  @Subscription(() => ModelEvent, {
    subscribe: ({ args, context }) => followModelEvents(context.platform, args),
    description:
      "History of a model: versions, alias moves, retrainings and their results. Each entry comes once, in order. Never completes.",
  })
  modelEvents(
    @Root() event: ModelEvent,
    @Arg("model", () => String, { description: "Name of the model; NOT_FOUND if it does not exist." })
    _model: string,
    @Arg("after", () => String, afterOption) _after?: string,
  ): ModelEvent {
    return event;
  }

  @Subscription(() => DatasetEvent, {
    subscribe: ({ args, context }) => followDatasetEvents(context.platform, args),
    description: "History of a dataset: declarations and appends. Each entry comes once, in order. Never completes.",
  })
  datasetEvents(
    @Root() event: DatasetEvent,
    @Arg("dataset", () => String, { description: "Name of the dataset; NOT_FOUND if it does not exist." })
    _dataset: string,
    @Arg("after", () => String, afterOption) _after?: string,
  ): DatasetEvent {
    return event;
  }
}

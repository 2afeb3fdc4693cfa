import { Arg, Resolver, Root, Subscription } from "type-graphql";
import { DatasetEvent, ModelEvent } from "../../entities/event.js";
import { followDatasetEvents, followModelEvents } from "../subscriptions/histories.js";

const afterOption = {
  nullable: true,
  description:
    "A `cursor` of this subscription to go on behind; anything else is BAD_CURSOR. Default: from the beginning.",
};

/** What happens to datasets and models. */
@Resolver()
export class HistorySubscriptions {
  @Subscription(() => ModelEvent, {
    subscribe: ({ args, context }) => followModelEvents(context.platform, args),
    description:
      "The history of a model, each entry once and in order: versions, alias moves, retrainings and their verdicts. Never completes.",
  })
  modelEvents(
    @Root() event: ModelEvent,
    @Arg("model", () => String, { description: "The model's name; one that does not exist is NOT_FOUND." })
    _model: string,
    @Arg("after", () => String, afterOption) _after?: string,
  ): ModelEvent {
    return event;
  }

  @Subscription(() => DatasetEvent, {
    subscribe: ({ args, context }) => followDatasetEvents(context.platform, args),
    description: "The history of a dataset, each entry once and in order: declarations and appends. Never completes.",
  })
  datasetEvents(
    @Root() event: DatasetEvent,
    @Arg("dataset", () => String, { description: "The dataset's name; one that does not exist is NOT_FOUND." })
    _dataset: string,
    @Arg("after", () => String, afterOption) _after?: string,
  ): DatasetEvent {
    return event;
  }
}

import { FieldResolver, Resolver, Root } from "type-graphql";
import { DatasetEvent, ModelEvent } from "../../entities/event.js";
import { RunEvent } from "../../entities/run-event.js";
import { encodeLogCursor } from "../subscriptions/log-cursor.js";

@Resolver(() => RunEvent)
export class RunEventCursor {
  @FieldResolver(() => String, { description: "Cursor of this entry: `runEvents(after:)` resumes after it." })
  cursor(@Root() { runId, seq }: RunEvent): string {
    return encodeLogCursor("run-events", runId, seq);
  }
}

@Resolver(() => ModelEvent)
export class ModelEventCursor {
  @FieldResolver(() => String, { description: "Cursor of this entry: `modelEvents(after:)` resumes after it." })
  cursor(@Root() { modelId, seq }: ModelEvent): string {
    return encodeLogCursor("model-events", modelId, seq);
  }
}

@Resolver(() => DatasetEvent)
export class DatasetEventCursor {
  @FieldResolver(() => String, { description: "Cursor of this entry: `datasetEvents(after:)` resumes after it." })
  cursor(@Root() { datasetId, seq }: DatasetEvent): string {
    return encodeLogCursor("dataset-events", datasetId, seq);
  }
}

import type { EntityManager } from "typeorm";
import { DatasetEvent } from "../entities/event.js";
import { EventLog } from "../pubsub/event-log.js";

/** The histories of datasets. */
export const datasetEvents = new EventLog<DatasetEvent>({
  name: "dataset-events",
  entity: DatasetEvent,
  owner: { table: "dataset", property: "datasetId" },
  topic: (datasetId) => ({ type: "dataset", datasetId }),
});

/** Appends to a dataset's history within the caller's transaction. */
export function recordDatasetEvent(
  manager: EntityManager,
  { datasetId, ...event }: Pick<DatasetEvent, "datasetId" | "kind"> & Partial<DatasetEvent>,
): Promise<void> {
  return datasetEvents.append(manager, datasetId, event);
}

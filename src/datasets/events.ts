import type { EntityManager } from "typeorm";
import type { DatasetEventKind } from "../entities/event.js";
import { publish } from "../pubsub/topics.js";

/** Appends to a dataset's history within the caller's transaction; the row lock on the dataset keeps `seq` gapless. */
export async function recordDatasetEvent(
  manager: EntityManager,
  event: { datasetId: string; kind: DatasetEventKind; versionId?: string },
): Promise<void> {
  await manager.query(
    `WITH head AS (UPDATE dataset SET event_head = event_head + 1 WHERE id = $1 RETURNING event_head)
     INSERT INTO dataset_event (dataset_id, seq, kind, version_id) SELECT $1, event_head, $2, $3 FROM head`,
    [event.datasetId, event.kind, event.versionId ?? null],
  );
  await publish(manager, { type: "dataset", datasetId: event.datasetId });
}

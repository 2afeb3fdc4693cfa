import { type DataSource, type EntityManager, MoreThan } from "typeorm";
import { DatasetEvent, type DatasetEventKind } from "../entities/event.js";
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

/** `seq` of the newest entry of a dataset's history; 0 before the first. */
export async function datasetEventHead(db: DataSource, datasetId: string): Promise<number> {
  const [row] = await db.query<{ event_head: number }[]>("SELECT event_head FROM dataset WHERE id = $1", [datasetId]);
  return row?.event_head ?? 0;
}

/** At most `limit` entries of a dataset's history behind `after`, oldest first. */
export function readDatasetEvents(
  db: DataSource,
  datasetId: string,
  after: number,
  limit: number,
): Promise<DatasetEvent[]> {
  const where = { datasetId, seq: MoreThan(after) };
  return db.manager.find(DatasetEvent, { where, order: { seq: "ASC" }, take: limit });
}

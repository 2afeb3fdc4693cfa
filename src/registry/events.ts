import { type DataSource, type EntityManager, MoreThan } from "typeorm";
import { ModelEvent, type ModelEventKind } from "../entities/event.js";
import { publish } from "../pubsub/topics.js";

/** Appends to a model's history within the caller's transaction; the row lock on the model keeps `seq` gapless and in commit order. */
export async function recordModelEvent(
  manager: EntityManager,
  event: {
    modelId: string;
    kind: ModelEventKind;
    versionId?: string | null;
    runId?: string | null;
    alias?: string | null;
    reason?: string | null;
  },
): Promise<void> {
  await manager.query(
    `WITH head AS (UPDATE model SET event_head = event_head + 1 WHERE id = $1 RETURNING event_head)
     INSERT INTO model_event (model_id, seq, kind, version_id, run_id, alias, reason)
     SELECT $1, event_head, $2, $3, $4, $5, $6 FROM head`,
    [
      event.modelId,
      event.kind,
      event.versionId ?? null,
      event.runId ?? null,
      event.alias ?? null,
      event.reason ?? null,
    ],
  );
  await publish(manager, { type: "model", modelId: event.modelId });
}

/** `seq` of the newest entry of a model's history; 0 before the first. */
export async function modelEventHead(db: DataSource, modelId: string): Promise<number> {
  const [row] = await db.query<{ event_head: number }[]>("SELECT event_head FROM model WHERE id = $1", [modelId]);
  return row?.event_head ?? 0;
}

/** At most `limit` entries of a model's history behind `after`, oldest first. */
export function readModelEvents(db: DataSource, modelId: string, after: number, limit: number): Promise<ModelEvent[]> {
  return db.manager.find(ModelEvent, { where: { modelId, seq: MoreThan(after) }, order: { seq: "ASC" }, take: limit });
}

import type { EntityManager } from "typeorm";
import { ModelEvent } from "../entities/event.js";
import { EventLog } from "../pubsub/event-log.js";

/** The histories of models. Version numbers, alias moves and entries all take the lock on the model's row. */
export const modelEvents = new EventLog<ModelEvent>({
  name: "model-events",
  entity: ModelEvent,
  owner: { table: "model", property: "modelId" },
  topic: (modelId) => ({ type: "model", modelId }),
});

/** Appends to a model's history within the caller's transaction. */
export function recordModelEvent(
  manager: EntityManager,
  { modelId, ...event }: Pick<ModelEvent, "modelId" | "kind"> & Partial<ModelEvent>,
): Promise<void> {
  return modelEvents.append(manager, modelId, event);
}

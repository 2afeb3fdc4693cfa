import type { Repeater } from "@repeaterjs/repeater";
import { datasetEventHead, readDatasetEvents } from "../../datasets/events.js";
import { isConnectionError } from "../../db/connection-error.js";
import { findNamed } from "../../db/transaction.js";
import { Dataset } from "../../entities/dataset.js";
import type { DatasetEvent, ModelEvent } from "../../entities/event.js";
import { Model } from "../../entities/model.js";
import { PlatformError } from "../../errors.js";
import { tail } from "../../pubsub/tail.js";
import type { Topic } from "../../pubsub/topics.js";
import { modelEventHead, readModelEvents } from "../../registry/events.js";
import { shown } from "../../spec/wording.js";
import type { Platform } from "../context.js";
import { decodeLogCursor } from "./log-cursor.js";

const pageSize = 500;

/**
 * Every entry of a model's history behind `after`, once and in order, for ever.
 *
 * @throws PlatformError NOT_FOUND, BAD_CURSOR
 */
export async function followModelEvents(
  platform: Platform,
  { model: name, after }: { model: string; after?: string | null },
): Promise<Repeater<ModelEvent>> {
  const { db } = platform;
  const model = await findNamed(db.manager, Model, name);
  if (!model) throw new PlatformError("NOT_FOUND", `there is no model ${shown(name)}`);
  const start = decodeLogCursor(after, "model-events", model.id, await modelEventHead(db, model.id));
  return followHistory(platform, { type: "model", modelId: model.id }, start, (from) =>
    readModelEvents(db, model.id, from, pageSize),
  );
}

/**
 * Every entry of a dataset's history behind `after`, once and in order, for ever.
 *
 * @throws PlatformError NOT_FOUND, BAD_CURSOR
 */
export async function followDatasetEvents(
  platform: Platform,
  { dataset: name, after }: { dataset: string; after?: string | null },
): Promise<Repeater<DatasetEvent>> {
  const { db } = platform;
  const dataset = await findNamed(db.manager, Dataset, name);
  if (!dataset) throw new PlatformError("NOT_FOUND", `there is no dataset ${shown(name)}`);
  const start = decodeLogCursor(after, "dataset-events", dataset.id, await datasetEventHead(db, dataset.id));
  return followHistory(platform, { type: "dataset", datasetId: dataset.id }, start, (from) =>
    readDatasetEvents(db, dataset.id, from, pageSize),
  );
}

function followHistory<Event extends { seq: number }>(
  { wakeups }: Platform,
  topic: Topic,
  start: number,
  readAfter: (seq: number) => Promise<Event[]>,
): Repeater<Event> {
  return tail({
    isPassing: isConnectionError,
    wakeup: () => wakeups.on(topic),
    start,
    async read(from) {
      const items = await readAfter(from);
      return { items, cursor: items.at(-1)?.seq ?? from, more: items.length === pageSize, ended: false };
    },
  });
}

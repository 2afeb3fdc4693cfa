import { datasetEventHead, readDatasetEvents } from "../../datasets/events.js";
import { findNamed } from "../../db/transaction.js";
import { Dataset } from "../../entities/dataset.js";
import type { DatasetEvent, ModelEvent } from "../../entities/event.js";
import { Model } from "../../entities/model.js";
import { PlatformError } from "../../errors.js";
import { shown } from "../../language/fields/wording.js";
import { modelEventHead, readModelEvents } from "../../registry/events.js";
import type { Platform } from "../context.js";
import { followEntries } from "./entries.js";
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
): Promise<AsyncIterableIterator<ModelEvent>> {
  const { db } = platform;
  const model = await findNamed(db.manager, Model, name);
  if (!model) throw new PlatformError("NOT_FOUND", `there is no model ${shown(name)}`);
  const head = await modelEventHead(db, model.id);
  return followEntries(platform, {
    log: "model-events",
    ownerId: model.id,
    topic: { type: "model", modelId: model.id },
    start: decodeLogCursor(after, "model-events", model.id, head),
    head,
    read: async (from) => pageOf(await readModelEvents(db, model.id, from, pageSize)),
  });
}

/**
 * Every entry of a dataset's history behind `after`, once and in order, for ever.
 *
 * @throws PlatformError NOT_FOUND, BAD_CURSOR
 */
export async function followDatasetEvents(
  platform: Platform,
  { dataset: name, after }: { dataset: string; after?: string | null },
): Promise<AsyncIterableIterator<DatasetEvent>> {
  const { db } = platform;
  const dataset = await findNamed(db.manager, Dataset, name);
  if (!dataset) throw new PlatformError("NOT_FOUND", `there is no dataset ${shown(name)}`);
  const head = await datasetEventHead(db, dataset.id);
  return followEntries(platform, {
    log: "dataset-events",
    ownerId: dataset.id,
    topic: { type: "dataset", datasetId: dataset.id },
    start: decodeLogCursor(after, "dataset-events", dataset.id, head),
    head,
    read: async (from) => pageOf(await readDatasetEvents(db, dataset.id, from, pageSize)),
  });
}

/** A page of a history, which has no end. */
const pageOf = <Entry>(entries: Entry[]) => ({ entries, more: entries.length === pageSize, ended: false });

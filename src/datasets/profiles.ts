import { LRUCache } from "lru-cache";
import type { EntityManager } from "typeorm";
import { findNamed } from "../db/names.js";
import { type Access, sessionOf } from "../db/session.js";
import { Dataset, DatasetVersion } from "../entities/dataset.js";
import { PlatformError } from "../errors.js";
import type { Intake } from "../intake/intake.js";
import type { Feature } from "../language/datasets/dataset.js";
import type { Problem } from "../language/fields/problem.js";
import { shown } from "../language/fields/wording.js";
import type { Drift } from "../profile/drift/compare.js";
import type { DatasetProfile } from "../profile/profile.js";
import { sketchFormat } from "../profile/stored-sketch.js";
import { type Suggestion, suggest } from "../profile/suggest/suggest.js";
import { profileWarnings } from "../profile/warnings.js";
import type { ObjectStore } from "../storage/object-store.js";
import { featuresOfVersion } from "./categories.js";
import { flagsOf, storeProfile } from "./segment-profiles.js";
import { latestVersion, segmentsOf } from "./versions.js";

/** What computes profiles off the server's loop. */
export type Profiler = Pick<
  Intake,
  "profileSegment" | "findLeaks" | "mergeSketches" | "describeSketch" | "compareSketches"
>;

/** Sketches that are read and merged at once. */
const mergedAtOnce = 64;

/** Merged sketches by version and first segment, so that asking again for a dataset of many appends is cheap. */
const merged = new LRUCache<string, Uint8Array>({ maxSize: 64 * 2 ** 20, sizeCalculation: ({ length }) => length + 1 });

/** The profile of a dataset's version, or of its newest; null before the first append. @throws PlatformError NOT_FOUND */
export async function profileDataset(
  access: Access,
  store: ObjectStore,
  profiler: Profiler,
  name: string,
  number?: number | null,
): Promise<{ version: DatasetVersion; profile: DatasetProfile; warnings: Problem[] }> {
  const { manager } = sessionOf(access);
  const dataset = await datasetNamed(manager, name);
  const version =
    number == null ? await latestVersion(manager, dataset.id) : await numberedVersion(manager, dataset, number);
  if (!version) throw new PlatformError("NOT_FOUND", `dataset ${name} has no rows yet`);
  const sketch = await sketchOf(manager, store, profiler, dataset, { after: 0, upTo: version });
  const profile = await profiler.describeSketch(sketch);
  const flags = await flagsOf(manager, dataset.id, version.number);
  return { version, profile, warnings: [...profileWarnings(profile), ...flags] };
}

/**
 * Whether the rows that were added after version `reference`, up to version `current`, have other values.
 *
 * @throws PlatformError NOT_FOUND; BAD_INPUT unless `current` comes after `reference`.
 */
export async function compareDatasets(
  access: Access,
  store: ObjectStore,
  profiler: Profiler,
  { dataset: name, reference, current }: { dataset: string; reference: number; current: number },
): Promise<Drift> {
  const { manager } = sessionOf(access);
  const dataset = await datasetNamed(manager, name);
  const [old, latest] = [
    await numberedVersion(manager, dataset, reference),
    await numberedVersion(manager, dataset, current),
  ];
  if (current <= reference) {
    const message = `current must be a later version than reference, ${reference}, and is ${current}`;
    throw new PlatformError("BAD_INPUT", message);
  }
  const before = await sketchOf(manager, store, profiler, dataset, { after: 0, upTo: old });
  const after = await sketchOf(manager, store, profiler, dataset, { after: reference, upTo: latest });
  return profiler.compareSketches(before, after);
}

/**
 * A first model for a dataset. Its rows are known by their profile; what gives the target away is looked for in the first
 * segment.
 *
 * @throws PlatformError NOT_FOUND for the dataset or before the first append; BAD_INPUT for a target that no model predicts.
 */
export async function suggestModel(
  access: Access,
  store: ObjectStore,
  profiler: Profiler,
  { dataset: name, target }: { dataset: string; target: string },
): Promise<Suggestion> {
  const { manager } = sessionOf(access);
  const dataset = await datasetNamed(manager, name);
  const aimed = dataset.features.find((feature) => feature.name === target);
  if (!aimed) throw new PlatformError("BAD_INPUT", `target: dataset ${name} has no feature ${shown(target)}`);
  const { profile, version } = await profileDataset(access, store, profiler, name);
  const features = await featuresOfVersion(manager, dataset, version);
  const [segment] = await segmentsOf(manager, version);
  const except = segment
    ? await profiler.findLeaks(features, await store.get(segment.key, segment.sha256), target)
    : [];
  const known = new Map(features.map(({ name, shape, categories }) => [name, { shape, listed: categories.length }]));
  const columns = profile.features.map((column) => ({ ...column, ...known.get(column.name) }));
  const suggestion = suggest({ dataset: name, rowCount: profile.rowCount, columns, except }, target);
  if (suggestion) return suggestion;
  const message = `target: ${shown(target)} is ${aimed.type}, or no other feature says anything about it`;
  throw new PlatformError("BAD_INPUT", message);
}

async function datasetNamed(manager: EntityManager, name: string): Promise<Dataset> {
  const dataset = await findNamed(manager, Dataset, name);
  if (!dataset) throw new PlatformError("NOT_FOUND", `there is no dataset ${JSON.stringify(name)}`);
  return dataset;
}

async function numberedVersion(manager: EntityManager, { id, name }: Dataset, number: number): Promise<DatasetVersion> {
  const version = await manager.findOneBy(DatasetVersion, { datasetId: id, number });
  if (!version) throw new PlatformError("NOT_FOUND", `dataset ${name} has no version ${number}`);
  return version;
}

interface StoredSketch {
  key: string;
  sha256: string;
  sketch: Buffer | null;
}

/** The sketch of the rows of some versions. */
async function sketchOf(
  manager: EntityManager,
  store: ObjectStore,
  profiler: Profiler,
  dataset: Dataset,
  { after, upTo }: { after: number; upTo: DatasetVersion },
): Promise<Uint8Array> {
  const cacheKey = `${dataset.id} ${after} ${upTo.number} ${dataset.features.length}`;
  const known = merged.get(cacheKey);
  if (known) return known;
  let whole: Uint8Array | undefined;
  let features: Feature[] | undefined;
  for (let skip = 0; ; skip += mergedAtOnce) {
    const segments = await manager.query<StoredSketch[]>(
      `SELECT segment.key, segment.sha256, profile.sketch
       FROM dataset_version AS version
       JOIN dataset_segment AS segment ON segment.dataset_version_id = version.id
       LEFT JOIN segment_profile AS profile ON profile.key = segment.key AND profile.format = $4
       WHERE version.dataset_id = $1 AND version.number > $2 AND version.number <= $3
       ORDER BY version.number, segment.place LIMIT $5 OFFSET $6`,
      [dataset.id, after, upTo.number, sketchFormat, mergedAtOnce, skip],
    );
    if (segments.length === 0) break;
    const sketches: Uint8Array[] = whole ? [whole] : [];
    for (const segment of segments) {
      if (!segment.sketch) features ??= await featuresOfVersion(manager, dataset, upTo);
      sketches.push(segment.sketch ?? (await sketchStored(manager, store, profiler, features ?? [], segment)));
    }
    whole = await profiler.mergeSketches(sketches);
    if (segments.length < mergedAtOnce) break;
  }
  if (!whole) throw new PlatformError("NOT_FOUND", "the versions have no rows");
  merged.set(cacheKey, whole);
  return whole;
}

/** Of a segment that was stored without a sketch; it is kept for the next time. */
async function sketchStored(
  manager: EntityManager,
  store: ObjectStore,
  profiler: Profiler,
  features: readonly Feature[],
  { key, sha256 }: StoredSketch,
): Promise<Uint8Array> {
  const profile = await profiler.profileSegment(features, await store.get(key, sha256));
  await storeProfile(manager, key, profile);
  return profile.sketch;
}

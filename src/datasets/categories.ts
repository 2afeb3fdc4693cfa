import type { EntityManager } from "typeorm";
import { refuse } from "../db/transaction.js";
import type { Dataset, DatasetVersion } from "../entities/dataset.js";
import type { ArrivedCategories } from "../features/values/arriving-categories.js";
import type { Feature } from "../language/datasets/dataset.js";
import { hasOpenCategories, withCategories } from "../language/datasets/feature-types.js";
import { limits } from "../language/fields/limits.js";
import { count, shown } from "../language/fields/wording.js";
import type { CategoryCount } from "../language/models/open-model.js";

/** How many categories each feature without declared ones has, as a dataset version stores it. */
export type CategoryCounts = Record<string, number>;

/** Texts that one statement takes. */
const valuesPerStatement = 20_000;

/**
 * Adds the categories of new rows to the dataset's lists, in the transaction that adds the rows. The caller holds the lock on
 * the dataset, so two appends at once leave no gap, and a transaction that is rolled back leaves nothing.
 *
 * @param before the counts of the newest version.
 * @param arrived what the rows hold, segment after segment, each in the order of its rows.
 * @returns the counts of the version that gets the rows.
 * @throws Refused if a list would become too long.
 */
export async function mergeCategories(
  manager: EntityManager,
  datasetId: string,
  before: CategoryCounts,
  arrived: readonly (readonly ArrivedCategories[])[],
): Promise<CategoryCounts> {
  const counts = new Map(Object.entries(before));
  for (const segment of arrived)
    for (const part of statementsOf(segment)) {
      const added = await manager.query<{ feature: string; added: number }[]>(
        `WITH given AS (
           SELECT feature, value, place FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS given (feature, value, place)
         ), fresh AS (
           SELECT feature, value, row_number() OVER (PARTITION BY feature ORDER BY place) - 1 AS place FROM given
           WHERE NOT EXISTS (SELECT FROM dataset_category AS known
                             WHERE (known.dataset_id, known.feature, known.value) = ($1, given.feature, given.value))
         ), stored AS (
           INSERT INTO dataset_category (dataset_id, feature, code, value)
           SELECT $1, feature, coalesce(head.count, 0) + place, value
           FROM fresh LEFT JOIN unnest($4::text[], $5::int[]) AS head (name, count) ON head.name = feature
           RETURNING feature
         )
         SELECT feature, count(*)::int AS added FROM stored GROUP BY feature`,
        [datasetId, part.features, part.values, [...counts.keys()], [...counts.values()]],
      );
      for (const { feature, added: more } of added) counts.set(feature, (counts.get(feature) ?? 0) + more);
      for (const [feature, total] of counts) assertRoom(feature, total);
    }
  return Object.fromEntries(counts);
}

/** The values of all features, in lists that one statement takes. */
function* statementsOf(arrived: readonly ArrivedCategories[]): Generator<{ features: string[]; values: string[] }> {
  let [features, values]: [string[], string[]] = [[], []];
  for (const { feature, values: given } of arrived)
    for (const value of given) {
      features.push(feature);
      if (values.push(value) < valuesPerStatement) continue;
      yield { features, values };
      [features, values] = [[], []];
    }
  if (values.length > 0) yield { features, values };
}

function assertRoom(feature: string, total: number): void {
  const most = limits.datasetCategories;
  if (total <= most) return;
  const message = `feature ${shown(feature)} would have more than ${count(most)} categories; declare it as TEXT, or leave it out.`;
  refuse("rows", "TOO_LONG", message);
}

/** The counts of a version for some features. */
export function countsFor(
  { categoryCounts }: Pick<DatasetVersion, "categoryCounts">,
  features: readonly string[],
): CategoryCount[] {
  const known = new Map(Object.entries(categoryCounts));
  return features.map((feature) => ({ feature, count: known.get(feature) ?? 0 }));
}

/** The first categories of features' lists, by feature. */
export async function categoryLists(
  manager: Pick<EntityManager, "query">,
  datasetId: string,
  wanted: readonly CategoryCount[],
): Promise<ReadonlyMap<string, string[]>> {
  const lists = new Map(wanted.map(({ feature }): [string, string[]] => [feature, []]));
  if (wanted.length === 0) return lists;
  const rows = await manager.query<{ feature: string; values: string[] }[]>(
    `SELECT wanted.feature, array(SELECT value FROM dataset_category AS known
        WHERE (known.dataset_id, known.feature) = ($1, wanted.feature) AND code < wanted.count ORDER BY code) AS values
     FROM unnest($2::text[], $3::int[]) AS wanted (feature, count)`,
    [datasetId, wanted.map(({ feature }) => feature), wanted.map(({ count: first }) => first)],
  );
  for (const { feature, values } of rows) lists.set(feature, values);
  return lists;
}

/** The categories of one feature with the codes from `from` to before `to`. */
export async function categoryRange(
  manager: Pick<EntityManager, "query">,
  datasetId: string,
  feature: string,
  from: number,
  to: number,
): Promise<string[]> {
  const rows = await manager.query<{ value: string }[]>(
    `SELECT value FROM dataset_category
     WHERE (dataset_id, feature) = ($1, $2) AND code >= $3 AND code < $4 ORDER BY code`,
    [datasetId, feature, from, to],
  );
  return rows.map(({ value }) => value);
}

/** A dataset's features with its own lists of categories as of a version: what reads or computes with rows needs these. */
export async function featuresOfVersion(
  manager: Pick<EntityManager, "query">,
  { id, features }: Pick<Dataset, "id" | "features">,
  version: Pick<DatasetVersion, "categoryCounts">,
): Promise<Feature[]> {
  const open = features.filter(hasOpenCategories).map(({ name }) => name);
  const lists = await categoryLists(manager, id, countsFor(version, open));
  return withCategories(features, (feature) => lists.get(feature) ?? []);
}

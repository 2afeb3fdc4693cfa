import type { Table } from "../../features/table.js";
import { codecs } from "../../features/types/codecs.js";
import { withArrivingCategories } from "../../features/values/arriving-categories.js";
import type { Feature } from "../../language/datasets/dataset.js";
import { describedType } from "../../language/datasets/feature-types.js";
import { describeSketch } from "../../profile/profile.js";
import { sketchTable } from "../../profile/sketches/feature-sketch.js";
import type { KnownColumn, KnownTable } from "../../profile/suggest/known.js";
import type { Chunk } from "../files/table-file.js";
import { isMissingValue } from "../missing.js";
import { columnReader } from "../rows/reader-column.js";
import { tableOf } from "../rows/segment-buffer.js";
import type { InferredColumn } from "./infer-column.js";

/** What a suggestion is made from: the profile of the sampled rows, and the columns that are no inputs. */
export function knownTable(
  dataset: string,
  rowCount: number,
  columns: readonly InferredColumn[],
  sample: Chunk,
): KnownTable {
  const features = withArrivingCategories(columns.map(featureOf));
  // Files are not decoded for it.
  const sketched = features.filter(({ type }) => !describedType(type).takesFiles);
  const described = describeSketch(sketchTable(sketched, readSample(sketched, columns, sample)));
  const known = new Map(described.features.map((profile) => [profile.name, profile]));
  const profiles = columns.map(
    ({ name, type, missing }): KnownColumn => known.get(name) ?? { name, type, missing, distinct: null },
  );
  const scale = sample.rowCount === 0 ? 1 : rowCount / sample.rowCount;
  return {
    ...{ dataset, rowCount },
    columns: profiles.map((profile, index) => ({
      ...profile,
      missing: Math.round(profile.missing * scale),
      shape: columns[index]?.shape ?? [],
    })),
    except: columns.filter(({ role }) => role !== "INPUT" && role !== "TARGET").map(({ name }) => name),
  };
}

/** Its categories, if it has any, are those of the sample. */
function featureOf({ name, type, shape }: InferredColumn): Feature {
  return { name, type, description: "", categories: [], shape, nullable: true };
}

function readSample(features: readonly Feature[], columns: readonly InferredColumn[], sample: Chunk): Table {
  const places = new Map(columns.map(({ name }, index) => [name, index]));
  const read = features.map((feature) => {
    const index = places.get(feature.name) as number;
    const column = columns[index] as InferredColumn;
    const values = (sample.columns[index] ?? []).map((value) =>
      isMissingValue(value, column.missingTexts) ? null : value,
    );
    const present = [...new Set(values.filter((value) => typeof value === "string"))];
    const spelling = codecs[feature.type].spellingOf?.(present) ?? {};
    return columnReader(feature, { spelling, missing: new Set() })(values, () => {});
  });
  return tableOf(features, read, sample.rowCount);
}

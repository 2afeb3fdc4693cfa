import { gunzipSync, gzipSync } from "node:zlib";
import type { TableSketch } from "./sketches/feature-sketch.js";

/** The version of what is stored. Sketches of another one are made anew. */
export const sketchFormat = 1;

/** A sketch as bytes: gzipped JSON, with maps as lists and registers in base64. */
export function encodeSketch(sketch: TableSketch): Buffer {
  const features = sketch.features.map(({ counts, ...feature }) => ({
    ...feature,
    counts: counts && {
      error: counts.error,
      counts: [...counts.counts],
      registers: counts.registers && Buffer.from(counts.registers).toString("base64"),
    },
  }));
  return gzipSync(JSON.stringify({ rowCount: sketch.rowCount, features }), { level: 1 });
}

type StoredCounts = { error: number; counts: [string | number, number][]; registers: string | null };
type StoredFeature = Omit<TableSketch["features"][number], "counts"> & { counts: StoredCounts | null };

export function decodeSketch(bytes: Uint8Array): TableSketch {
  const { rowCount, features } = JSON.parse(gunzipSync(bytes).toString()) as {
    rowCount: number;
    features: StoredFeature[];
  };
  return {
    rowCount,
    features: features.map(({ counts, ...feature }) => ({
      ...feature,
      counts: counts && {
        error: counts.error,
        counts: new Map(counts.counts),
        registers: counts.registers === null ? null : new Uint8Array(Buffer.from(counts.registers, "base64")),
      },
    })),
  };
}

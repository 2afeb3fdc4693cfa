import type { Feature } from "../language/datasets/dataset.js";
import { codecs } from "./types/codecs.js";

/**
 * Rows from users with the values that texts spell in one way only: `"5.1"` in a NUMBER is 5.1, `"12%"` 0.12, `"yes"` in a
 * BINARY true, `"2013-01-01 05:00:00"` in a TIMESTAMP that instant in UTC. All else stays as it is, for the checks to refuse.
 * The given rows are not changed.
 */
export function spelledRows(features: readonly Feature[], rows: unknown): unknown {
  const read = features.flatMap((feature) => {
    const spelled = codecs[feature.type].spelled?.(feature, {});
    return spelled ? [{ name: feature.name, spelled }] : [];
  });
  if (!Array.isArray(rows) || read.length === 0) return rows;
  return rows.map((row: unknown) => {
    if (typeof row !== "object" || row === null || Array.isArray(row)) return row;
    const given = row as Record<string, unknown>;
    let changed: Record<string, unknown> | undefined;
    for (const { name, spelled } of read) {
      const text = Object.hasOwn(given, name) ? given[name] : undefined;
      if (typeof text !== "string") continue;
      const value = spelled(text);
      if (value === undefined || value === text) continue;
      changed ??= { ...given };
      changed[name] = value;
    }
    return changed ?? row;
  });
}

import { pathBelow } from "../language/fields/findings.js";
import type { Problem } from "../language/fields/problem.js";
import { count } from "../language/fields/wording.js";
import { distinctOf } from "./sketches/counts.js";
import type { TableSketch } from "./sketches/feature-sketch.js";

/** What the next append is compared with: a few numbers of a sketch. */
export interface Facts {
  rowCount: number;
  /** Rows without a value, by feature; features without such rows are left out. */
  missing: Record<string, number>;
  /** Features with a single value. */
  constant: string[];
}

export function factsOf({ rowCount, features }: TableSketch): Facts {
  const holes = features.filter(({ missing }) => missing > 0).map(({ name, missing }) => [name, missing] as const);
  const isConstant = ({ counts, missing }: TableSketch["features"][number]) =>
    counts !== null && missing === 0 && rowCount > 0 && distinctOf(counts).distinct === 1;
  return {
    rowCount,
    missing: Object.fromEntries(holes),
    constant: features.filter(isConstant).map(({ name }) => name),
  };
}

/** The facts of several parts of the rows. What is constant in each may differ between them, so it is asked of each. */
function together(parts: readonly Facts[]): { rowCount: number; missing: Map<string, number> } {
  const missing = new Map<string, number>();
  for (const part of parts)
    for (const [name, rows] of Object.entries(part.missing)) missing.set(name, (missing.get(name) ?? 0) + rows);
  return { rowCount: parts.reduce((sum, { rowCount }) => sum + rowCount, 0), missing };
}

/** Fewer rows say nothing about a share. */
const fewestRows = 30;
/** By how much a share must rise, beside what chance explains. */
const risenBy = 0.05;

/** What is conspicuous about added rows, compared with the rows before them. */
export function conspicuous(before: readonly Facts[], added: readonly Facts[]): Problem[] {
  const [old, now] = [together(before), together(added)];
  if (now.rowCount < fewestRows) return [];
  const problems: Problem[] = [];
  for (const [name, rows] of now.missing) {
    const share = rows / now.rowCount;
    const expected = old.rowCount === 0 ? 0 : (old.missing.get(name) ?? 0) / old.rowCount;
    const chance = 3 * Math.sqrt(Math.max(expected * (1 - expected), 1 / now.rowCount) / now.rowCount);
    if (old.rowCount === 0 || share < expected + risenBy + chance) continue;
    const message = `is missing in ${percent(share)} of the ${count(now.rowCount)} added rows, and in ${percent(expected)} of those before.`;
    problems.push({ path: pathBelow("", name), code: "MISSING_RISING", message });
  }
  const constantBefore = new Set(before.flatMap(({ constant }) => constant));
  for (const name of added[0]?.constant ?? []) {
    const isConstant = added.every(({ constant }) => constant.includes(name));
    if (!isConstant || old.rowCount === 0 || constantBefore.has(name)) continue;
    const message = `has the same value in all ${count(now.rowCount)} added rows, and had several before.`;
    problems.push({ path: pathBelow("", name), code: "CONSTANT", message });
  }
  return problems.slice(0, 100);
}

export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} percent`;
}

import { missingReader, numbersOf, type Table } from "../features/table.js";
import { type Split, type SplitPart, splitParts } from "../language/datasets/dataset.js";
import { describedType } from "../language/datasets/feature-types.js";
import { listed, shown } from "../language/fields/wording.js";
import type { ModelSpec } from "../language/models/model.js";

/** Classes that a warning names. */
const namedClasses = 10;

/** What a run is told of a split that leaves a part without rows, or without rows of a class. */
export function splitWarnings(
  split: Split,
  model: Pick<ModelSpec, "target">,
  table: Table,
  parts: Readonly<Record<SplitPart, Uint32Array>>,
): string[] {
  const wanted = splitParts.filter((part) => split[part] > 0);
  const empty = wanted.filter((part) => parts[part].length === 0);
  const warnings = empty.map(
    (part) =>
      `the ${part} part of the dataset has no rows, so nothing is measured on it; the dataset has ${table.rowCount} rows`,
  );
  const filled = wanted.filter((part) => !empty.includes(part));
  return [...warnings, ...classWarnings(model, table, filled, parts)];
}

function classWarnings(
  { target }: Pick<ModelSpec, "target">,
  table: Table,
  filled: readonly SplitPart[],
  parts: Readonly<Record<SplitPart, Uint32Array>>,
): string[] {
  const classes = describedType(target.type).target?.classes?.(target) ?? [];
  const column = table.columns.get(target.feature);
  if (classes.length < 2 || column === undefined || !("BYTES_PER_ELEMENT" in column)) return [];
  const codes = numbersOf(table, { name: target.feature, shape: [] });
  const isMissingAt = missingReader(table, target.feature);
  const classesIn = (rows: Iterable<number>): Set<number> => {
    const seen = new Set<number>();
    for (const row of rows) if (!isMissingAt(row)) seen.add(codes[row] as number);
    return seen;
  };
  const all = classesIn(codes.keys());
  return filled.flatMap((part) => {
    const held = classesIn(parts[part]);
    const lacking = [...all].filter((code) => !held.has(code)).sort((a, b) => a - b);
    if (lacking.length === 0) return [];
    const names = lacking.slice(0, namedClasses).map((code) => shown(classes[code] ?? code));
    const told = lacking.length > namedClasses ? `${names.join(", ")}, …` : listed(names);
    const which = lacking.length === 1 ? `the class ${told}` : `${lacking.length} of ${all.size} classes: ${told}`;
    return [
      `the ${part} part of the dataset has no rows of ${which}. \`split.stratifyBy\` divides the rows of each class`,
    ];
  });
}

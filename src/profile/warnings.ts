import { pathBelow } from "../language/fields/findings.js";
import type { Problem } from "../language/fields/problem.js";
import { percent } from "./facts.js";
import type { DatasetProfile } from "./profile.js";

/** Of so many missing values, a feature says little. */
const mostlyMissing = 0.5;

/** What is conspicuous about the rows of a dataset, feature by feature. */
export function profileWarnings({ rowCount, features }: DatasetProfile): Problem[] {
  if (rowCount === 0) return [];
  return features
    .flatMap(({ name, missing, distinct }): Problem[] => {
      const path = pathBelow("", name);
      if (missing === rowCount) return [{ path, code: "CONSTANT", message: "has no value in any row." }];
      const warnings: Problem[] = [];
      if (distinct === 1 && rowCount > 1) {
        const where = missing === 0 ? "in all rows" : "wherever it has one";
        warnings.push({
          path,
          code: "CONSTANT",
          message: `has the same value ${where}, so a model learns nothing from it.`,
        });
      }
      if (missing / rowCount >= mostlyMissing)
        warnings.push({
          path,
          code: "MISSING_OFTEN",
          message: `is missing in ${percent(missing / rowCount)} of the rows.`,
        });
      return warnings;
    })
    .slice(0, 100);
}

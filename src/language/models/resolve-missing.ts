import type { Feature } from "../datasets/dataset.js";
import { describedType } from "../datasets/feature-types.js";
import type { Findings } from "../fields/findings.js";
import { listed, shown } from "../fields/wording.js";
import type { MissingTreatment } from "../preprocessing/missing.js";
import { type PreprocessingDeclaration, preprocessingFields } from "../preprocessing/preprocessing.js";
import type { ModelInput } from "./model.js";

/** What becomes of a missing value of an input; nothing for a feature that is not nullable. */
export function resolveMissing(
  at: Findings,
  feature: Feature,
  entry: PreprocessingDeclaration,
): { missing?: MissingTreatment } {
  const { name, type, nullable } = feature;
  const declared = preprocessingFields.missing.read(at, "missing", entry.missing, entry);
  const given = entry.missingValue ?? undefined;
  if (!nullable) {
    for (const key of ["missing", "missingValue"] as const) {
      if (entry[key] !== undefined && entry[key] !== null)
        at.add("CONTRADICTION", `applies to nullable features only, and ${name} is not nullable.`, key);
    }
    return {};
  }
  const allowed = describedType(type).missing;
  const method = declared ?? allowed[0];
  if (!allowed.includes(method)) {
    at.add("CONTRADICTION", `must be ${listed(allowed, "or")} for a ${type} feature, got ${method}.`, "missing");
    return {};
  }
  if (method !== "CONSTANT") {
    if (given !== undefined)
      at.add("CONTRADICTION", `applies to CONSTANT only, and missing is ${method}.`, "missingValue");
    return { missing: { method } };
  }
  if (given === undefined) {
    at.add("REQUIRED", "is required: the value that takes the place of a missing one.", "missingValue");
    return {};
  }
  const value = constantOf(at, feature, given);
  return value === undefined ? {} : { missing: { method, value } };
}

/** The value that a text means. */
function constantOf(
  at: Findings,
  { type, categories, categoriesOf }: Feature,
  text: unknown,
): number | string | undefined {
  const refuse = (code: "BAD_TYPE" | "UNKNOWN_CATEGORY", wanted: string) => {
    at.add(code, () => `must be ${wanted}, got ${shown(text)}.`, "missingValue");
    return undefined;
  };
  if (typeof text !== "string") return refuse("BAD_TYPE", "a text");
  if (describedType(type).opensCategories) {
    // What the dataset's own list has is known with its rows.
    if (categoriesOf === "DATASET" || categories.includes(text)) return text;
    return refuse("UNKNOWN_CATEGORY", `one of ${listed(categories, "or")}`);
  }
  if (describedType(type).target?.classes) {
    return text === "true" ? 1 : text === "false" ? 0 : refuse("BAD_TYPE", '"true" or "false"');
  }
  const number = text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(Math.fround(number)) ? number : refuse("BAD_TYPE", "a finite number within 32-bit floats");
}

/** Where an embedding layer reads an input, what takes the place of a missing value must be an id too. */
export function checkMissingIds(findings: Findings, { feature, missing, idsBelow }: ModelInput): void {
  if (idsBelow === undefined || missing === undefined) return;
  const { method, value } = missing;
  const isId = typeof value !== "number" || (Number.isInteger(value) && value >= 0 && value < idsBelow);
  if (method !== "MEAN" && isId) return;
  const got = method === "MEAN" ? "a mean" : String(value);
  const message = `what takes the place of a missing value of ${feature} must be a whole number from 0 to ${idsBelow - 1} for the embedding layer, and it is ${got}.`;
  findings.add("CONTRADICTION", message, "preprocessing");
}

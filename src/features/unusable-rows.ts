import { count } from "../language/fields/wording.js";
import type { ModelInput, ModelSpec, ModelTarget } from "../language/models/model.js";
import { takesMissing } from "../language/preprocessing/missing.js";
import { isWeight, weightRule } from "./example-weights.js";
import type { FittedPreprocessing } from "./fit-preprocessing.js";
import { foreignIds, idRule, numbersOfRow } from "./ids.js";
import { columnOf, missingReader, sequencesOf, type Table } from "./table.js";
import { targetDomain } from "./target-domain.js";
import { codecs } from "./types/codecs.js";
import { affine, groupCount } from "./values/scaling.js";

/** Why a model cannot use a row: `subject` must `rule`, and is `value`. */
export interface RowFault {
  /** Such as `feature "age"`. */
  subject: string;
  value: number | string;
  /** The rest of the sentence "… must …". */
  rule: string;
}

/** What is wrong with a row of the table, or undefined. */
export type RowCheck = (row: number) => RowFault | undefined;

/**
 * Checks of single rows that need no fitted preprocessing: negative weights, numbers that are no ids of the embedding
 * layer that reads them, categories that came after the model's list, targets for which the loss is not defined.
 */
export function rowChecks(
  model: Pick<ModelSpec, "inputs" | "target" | "loss" | "sampleWeight">,
  table: Table,
): RowCheck[] {
  const checks: RowCheck[] = [];
  const { sampleWeight, target, loss } = model;
  if (sampleWeight != null) {
    const weights = columnOf(table, { name: sampleWeight, shape: [] });
    const subject = `the weight "${sampleWeight}"`;
    checks.push((row) => {
      const value = weights[row] as number;
      if (isWeight(value)) return undefined;
      return { subject, value: Number.isNaN(value) ? missingWord : value, rule: weightRule };
    });
  }
  for (const input of model.inputs) {
    const foreignId = foreignIds(input, table);
    const subject = `feature "${input.feature}"`;
    if (foreignId)
      checks.push((row) => {
        const value = foreignId(row);
        return value === undefined ? undefined : { subject, value, rule: idRule(input.idsBelow ?? 0) };
      });
  }
  const refused = model.inputs.filter((input) => !takesMissing(input) && input.missing?.method !== "DROP_ROW");
  checks.push(...refused.flatMap(({ feature }) => missingCheck(feature, table, "feature")));
  checks.push(...model.inputs.flatMap((input) => categoryCheck(input, table, "feature")));
  if (!target.skipsUnseen) checks.push(...categoryCheck(target, table, "the target"));
  const faultOf = holdsNumbers(target) ? targetDomain(loss.type) : undefined;
  if (faultOf) {
    const numbersOf = numbersOfRow(target, table);
    const subject = `the target "${target.feature}"`;
    checks.push((row) => {
      // The loss sees 32-bit floats, in which 1e-60 is 0.
      const fault = faultOf(Float32Array.from(numbersOf(row)));
      return fault && { subject, ...fault };
    });
  }
  return checks;
}

/**
 * The checks for rows that a model leaves out in any case: those whose target is missing, or a category that it does not
 * know, and those that lack the value of an input which says DROP_ROW.
 */
export function leftOutChecks({ inputs, target }: Pick<ModelSpec, "inputs" | "target">, table: Table): RowCheck[] {
  const dropped = inputs.filter(({ missing }) => missing?.method === "DROP_ROW");
  return [
    ...missingCheck(target.feature, table, "the target"),
    ...dropped.flatMap(({ feature }) => missingCheck(feature, table, "feature")),
    ...(target.skipsUnseen ? categoryCheck(target, table, "the target") : []),
  ];
}

const missingWord = "missing";

/** The check for values that are missing. None where none is. */
function missingCheck(feature: string, table: Table, subject: string): RowCheck[] {
  if (!table.missing?.has(feature)) return [];
  const isMissingAt = missingReader(table, feature);
  const fault = { subject: `${subject} "${feature}"`, value: missingWord, rule: "have a value" };
  return [(row) => (isMissingAt(row) ? fault : undefined)];
}

/** The codes of a table are those of the dataset's list; the model's list is its beginning. None where no code is beyond. */
function categoryCheck(field: ModelInput | ModelTarget, table: Table, subject: string): RowCheck[] {
  const { feature } = field;
  const unknownFrom = codecs[field.type].unknownFrom?.(field);
  if (unknownFrom === undefined) return [];
  const isUnknown = (code: number) => code >= unknownFrom;
  if (!numbersIn(field, table).some(isUnknown)) return [];
  const codesOf = numbersOfRow(field, table);
  const rule = `have one of the ${count(unknownFrom)} categories that the model knows`;
  return [
    (row) => {
      const code = codesOf(row).find(isUnknown);
      if (code === undefined) return undefined;
      return { subject: `${subject} "${feature}"`, value: `category ${count(code + 1)} of the dataset's list`, rule };
    },
  ];
}

/** Checks that need the fitted preprocessing: numbers that become infinite in 32-bit floats when they are scaled. */
export function encodingChecks(
  model: Pick<ModelSpec, "inputs" | "target">,
  fitted: FittedPreprocessing,
  table: Table,
): RowCheck[] {
  const fields = [
    ...model.inputs.map((field, index) => ({ field, scaling: fitted.inputs[index], subject: "feature" })),
    { field: model.target, scaling: fitted.target, subject: "the target" },
  ];
  return fields.flatMap(({ field, scaling, subject }) => {
    if (!holdsNumbers(field) || !scaling) return [];
    // What is cut off or ranked is finite in any case.
    if (scaling.method === "CLIPPED_Z_SCORE" || scaling.method === "QUANTILE") return [];
    const { center, scale, unit } = affine(scaling, groupCount(field));
    const groups = center.length;
    const staysFinite = (value: number, group: number) =>
      // A missing value, which has its own checks.
      Number.isNaN(value) || Number.isFinite(Math.fround((value / unit - (center[group] ?? 0)) / (scale[group] ?? 1)));
    // Scaling is monotonic: if the extremes stay finite, so does everything between them, and rows need no check.
    const extremes = extremesOf(field, table);
    if (center.every((_, group) => extremes.every((value) => staysFinite(value, group)))) return [];
    const numbersOf = numbersOfRow(field, table);
    const rule = scaling.method === "NONE" ? "be finite in 32-bit floats" : `be finite in 32-bit floats when scaled`;
    return [
      (row: number) => {
        const value = numbersOf(row).find((number, index) => !staysFinite(number, index % groups));
        return value === undefined ? undefined : { subject: `${subject} "${field.feature}"`, value, rule };
      },
    ];
  });
}

/** Whether the encoded values are the stored numbers, scaled. */
function holdsNumbers(field: ModelInput | ModelTarget): boolean {
  return codecs[field.type].holdsNumbers?.(field) ?? false;
}

/** The numbers of all rows of a field. */
function numbersIn({ feature, type, shape }: ModelInput | ModelTarget, table: Table): Float64Array {
  const column = { name: feature, shape };
  return codecs[type].store.form === "SEQUENCES" ? sequencesOf(table, column).values : columnOf(table, column);
}

function extremesOf(field: ModelInput | ModelTarget, table: Table): number[] {
  const numbers = numbersIn(field, table);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of numbers) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return numbers.length === 0 ? [] : [low, high];
}

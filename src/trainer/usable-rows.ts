import { PlatformError } from "../errors.js";
import { exampleWeights, weightRule } from "../features/example-weights.js";
import { type FittedPreprocessing, fitPreprocessing } from "../features/preprocessing.js";
import type { Table } from "../features/table.js";
import { encodingChecks, leftOutChecks, type RowCheck, type RowFault, rowChecks } from "../features/unusable-rows.js";
import { type SplitPart, splitParts } from "../language/datasets/dataset.js";
import { count, listed } from "../language/fields/wording.js";
import { foundOnValidation } from "../language/models/decision.js";
import type { ModelSpec } from "../language/models/model.js";
import { areComparable } from "./comparable.js";
import type { Assignment } from "./protocol.js";

/** Ordinals of the rows that a run uses, ascending. `gate`: the rows on which challenger and champion are measured. */
export type UsableRows = Record<SplitPart | "gate", Uint32Array>;

/** How many ordinals and reasons a message names. */
const shownFaults = 10;

/**
 * Finds the rows that the run's model can use, and the test rows that its champion can use too, and fits the preprocessing
 * on the usable training rows. The result follows from the rows and the declarations alone, so it is the same in every
 * attempt and reproduction.
 *
 * @param parts the rows of each part of the split.
 * @returns `skipped`: a message about the rows that were left out, for the run's log; null if every row is usable.
 * @throws PlatformError INVALID_ROWS if there are unusable rows and the model does not declare `invalidRows: SKIP`, or if
 *   a part that the run needs has no usable row.
 */
export function usableRows(
  assignment: Assignment,
  table: Table,
  parts: Record<SplitPart, Uint32Array>,
): { rows: UsableRows; preprocessing: FittedPreprocessing; skipped: string | null } {
  const { model, parent, gate, training } = assignment;
  const leftOut = new Audit(table.rowCount);
  const known = leftOut.withoutFaults(parts, leftOutChecks(model, table));
  const audit = new Audit(table.rowCount);
  let usable = audit.withoutFaults(known, rowChecks(model, table));
  // The checks below need a fitted preprocessing, and that needs training rows.
  if (usable.train.length === 0)
    throw (audit.found > 0 ? audit : leftOut).refusal({ invalidRows: "SKIP" }, "no training row is left");
  const preprocessing =
    (parent && inherited(parent)) ?? fitPreprocessing(model, table, usable.train, training.semantics);
  // Runs of semantics 1 computed with infinite numbers, and must be reproducible.
  const judgesEncoding = training.semantics > 1;
  if (judgesEncoding) usable = audit.withoutFaults(usable, encodingChecks(model, preprocessing, table));
  usable = audit.withoutFaults(usable, weightChecks(model, table, usable));

  let measured = usable.test;
  const champion = gate?.champion;
  if (gate && champion && areComparable(gate.metric, { model, preprocessing }, champion)) {
    const checks = [...leftOutChecks(champion.model, table), ...rowChecks(champion.model, table)];
    if (judgesEncoding) checks.push(...encodingChecks(champion.model, champion.preprocessing, table));
    measured = audit.without(measured, checks, `for the gate's champion ${champion.versionId} `);
  }
  const rows: UsableRows = { ...usable, gate: measured };
  if (audit.found + leftOut.found === 0) return { rows, preprocessing, skipped: null };
  if (audit.found > 0 && model.invalidRows !== "SKIP") throw audit.refusal(model);
  const missing = missingPart(assignment, parts, rows);
  if (missing) throw (audit.found > 0 ? audit : leftOut).refusal({ invalidRows: "SKIP" }, missing);
  const removed = splitParts.map((part) => `${count(parts[part].length - usable[part].length)} of ${part}`);
  const described = [leftOut, audit].filter(({ found }) => found > 0).map((each) => each.describe("are left out"));
  return { rows, preprocessing, skipped: `${described.join(" ")} Left out: ${removed.join(", ")}.` };
}

/** What a fine-tuned model keeps of its parent's preprocessing: not what was found on validation rows, which is found again. */
function inherited({ preprocessing }: NonNullable<Assignment["parent"]>): FittedPreprocessing {
  const { decision: _, ...kept } = preprocessing;
  return kept;
}

/** Names a part that the run needs, has rows, and has no usable ones; undefined if there is none. */
function missingPart(
  { model, training, optimizer, gate }: Assignment,
  parts: Record<SplitPart, Uint32Array>,
  rows: UsableRows,
): string | undefined {
  if (rows.train.length === 0) return "no training row is left";
  const schedule = optimizer.learningRate;
  const monitors = [training.earlyStopping?.monitor, schedule.type === "reduceOnPlateau" ? schedule.monitor : null];
  const monitor = monitors.find((name) => name?.startsWith("val_"));
  if (monitor && parts.validation.length > 0 && rows.validation.length === 0)
    return `no validation row is left to measure ${monitor} on`;
  const found = foundOnValidation(model);
  if (found !== undefined && parts.validation.length > 0 && rows.validation.length === 0)
    return `no validation row is left on which ${found} found`;
  if (gate && parts.test.length > 0 && rows.gate.length === 0)
    return `no test row is left to measure the gate's ${gate.metric} on`;
  return undefined;
}

/** Checks for weights that exceed 32-bit floats when they are multiplied by the weight of the row's class. */
function weightChecks(model: ModelSpec, table: Table, rows: Record<SplitPart, Uint32Array>): RowCheck[] {
  const weights = model.sampleWeight == null ? undefined : exampleWeights(model, table, rows, "train");
  if (!weights?.some((weight) => !Number.isFinite(weight))) return [];
  const weightOf = new Map(Array.from(rows.train, (row, index) => [row, weights[index] as number]));
  return [
    (row) => {
      const value = weightOf.get(row);
      if (value === undefined || Number.isFinite(value)) return undefined;
      return { subject: `the weight "${model.sampleWeight}" times that of its class`, value, rule: weightRule };
    },
  ];
}

/** The faults found so far: counts and the first few. Its size does not depend on the number of rows. */
class Audit {
  found = 0;
  private readonly first: (RowFault & { row: number })[] = [];
  private readonly counts = new Map<string, number>();

  constructor(private readonly rowCount: number) {}

  withoutFaults(parts: Record<SplitPart, Uint32Array>, checks: readonly RowCheck[]): Record<SplitPart, Uint32Array> {
    if (checks.length === 0) return parts;
    const [train, validation, test] = splitParts.map((part) => this.without(parts[part], checks)) as [
      Uint32Array,
      Uint32Array,
      Uint32Array,
    ];
    return { train, validation, test };
  }

  /** The rows that pass every check. `whose` goes before the subject of a fault. */
  without(rows: Uint32Array, checks: readonly RowCheck[], whose = ""): Uint32Array {
    if (checks.length === 0) return rows;
    return rows.filter((row) => {
      const fault = firstFault(checks, row);
      if (fault) this.note(row, { ...fault, subject: `${whose}${fault.subject}` });
      return !fault;
    });
  }

  private note(row: number, fault: RowFault): void {
    this.found += 1;
    const reason = `${fault.subject} must ${fault.rule}`;
    // Some reasons name a number that differs from row to row, so the number of counted reasons is limited.
    if (this.counts.has(reason) || this.counts.size < shownFaults)
      this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
    // Keeps the lowest ordinals of all parts.
    this.first.push({ row, ...fault });
    this.first.sort((a, b) => a.row - b.row);
    if (this.first.length > shownFaults) this.first.pop();
  }

  /** @param verb what happens to the rows, as the predicate of the sentence. */
  describe(verb: string): string {
    const [example] = this.first;
    if (!example) return "";
    const { row, subject, value, rule } = example;
    const more = this.found > this.first.length ? " and so on" : "";
    const ordinals = `${listed(this.first.map((fault) => String(fault.row)))}${more}`;
    const reasons = [...this.counts].map(([reason, times]) => `${reason} (${count(times)})`).join("; ");
    return `${count(this.found)} of the ${count(this.rowCount)} rows ${verb}, because this model cannot use them: row ${row} (by its ordinal in the dataset, from 0): ${subject} must ${rule}, and is ${value}. Their ordinals: ${ordinals}. Reasons: ${reasons}.`;
  }

  /** @param missing the part that has no usable row and is needed, if there is one. */
  refusal(model: Pick<ModelSpec, "invalidRows">, missing?: string): PlatformError {
    const advice =
      model.invalidRows === "SKIP"
        ? `They would be left out, but then ${missing}.`
        : "Declare the model with `invalidRows: SKIP` to leave such rows out of training, validation and evaluation.";
    return new PlatformError("INVALID_ROWS", `${this.describe("cannot be used")} ${advice}`);
  }
}

function firstFault(checks: readonly RowCheck[], row: number): RowFault | undefined {
  for (const check of checks) {
    const fault = check(row);
    if (fault) return fault;
  }
  return undefined;
}

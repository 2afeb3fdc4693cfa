import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { purposes } from "../../src/runs/purposes/purposes.js";
import { purposeBranches } from "./run-rules.js";
import { findInSources } from "./sources.js";

const columns = Object.values(purposes).flatMap(({ column }) => (column === null ? [] : [column]));
const branches = (text: string) => purposeBranches(text, columns);

describe("what a run is for", () => {
  it.each([
    "if (run.retrainingId) await tell();",
    "if (run.reproducesVersionId !== null) tell();",
    "const { retrainingId } = run; if (retrainingId) tell();",
    "const stored = run.reproducesVersionId === null ? store() : digest();",
    "run.retrainingId && tell();",
    "const told = { reproduces: run.reproducesVersionId !== null };",
    "const gate = run.gate ? measure(run.gate) : null;",
    "switch (purposeOf(run)) { default: }",
    "const same = purposeOf(run) === purposes.RETRAIN;",
    "db.query(`SELECT id FROM run WHERE retraining_id IS NOT NULL`);",
    "db.query(`SELECT CASE WHEN run.reproduces_version_id IS NULL THEN 1 ELSE 2 END FROM run`);",
  ])("decides in %s", (text) => {
    expect(branches(text)).not.toEqual([]);
  });

  it.each([
    "await purposeOf(run).settle(manager, run, outcome);",
    "await purposeOf(run).settleFailure?.(manager, run, message);",
    "queueRun(manager, { retrainingId: due.id });",
    "const policy = run.retrainingId === null ? null : loaders.load(run.retrainingId);",
    "db.query(`SELECT FROM run WHERE run.retraining_id = retraining.id`);",
  ])("does not decide in %s", (text) => {
    expect(branches(text)).toEqual([]);
  });

  it("decides in the files of the purposes alone", () => {
    const elsewhere = [...findInSources(branches)].filter((file) => !file.startsWith("runs/purposes/"));
    expect(elsewhere).toEqual([]);
  });

  it("has a column of its own for each purpose but one", () => {
    expect(new Set(columns).size).toBe(columns.length);
    expect(columns).toHaveLength(Object.keys(purposes).length - 1);
  });

  it("is told by one file for each purpose", () => {
    const files = readdirSync(new URL("../../src/runs/purposes/", import.meta.url));
    const named = Object.keys(purposes).map((name) => `${name.toLowerCase()}.ts`);
    expect(new Set(files)).toEqual(new Set(["purpose.ts", "purposes.ts", ...named]));
  });
});

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { transitions } from "../../src/runs/run-state.js";
import { eventWriters, stateWriters } from "./run-rules.js";
import { findInSources } from "./sources.js";

describe("the run-state table of ARCHITECTURE.md", () => {
  it("is the one in the code", () => {
    const text = readFileSync(new URL("../../ARCHITECTURE.md", import.meta.url), "utf8");
    const section = text.slice(text.indexOf("### Run states"), text.indexOf("### Lease and fence"));
    const rows = [...section.matchAll(/^\| `([A-Z]+)` \|(.*)\|$/gm)];
    const documented = Object.fromEntries(
      rows.map(([, from, cell = ""]) => [from, [...cell.matchAll(/`([A-Z]+)`/g)].map((match) => match[1])]),
    );
    expect(documented).toEqual(transitions);
  });
});

describe("run.state", () => {
  it.each([
    "manager.query(`UPDATE run SET fence = 1, state = $2 WHERE id = $1`);",
    "manager.query('UPDATE run SET state = $2 WHERE id = $1');",
    "manager.query(`WITH a AS (UPDATE run r SET\n  state = 'FAILED' FROM b) SELECT 1`);",
    "manager.query(`INSERT INTO run (id, state) SELECT 1, 2`);",
    'manager.insert(Run, { id: "run_1" });',
    'manager.update(Run, id, { state: "FAILED" });',
    "manager.update(Run, id, { ...fields });",
    "manager.update(Run, id, fields);",
    "repository.manager.save(Run, run);",
  ])("is written by %s", (text) => {
    expect(stateWriters(text)).not.toEqual([]);
  });

  it.each([
    "manager.query(`UPDATE run SET asked = $2 WHERE id = ANY($1) AND state = 'RUNNING'`);",
    "manager.query(`UPDATE run SET open_dependencies = (SELECT count(*) FROM run WHERE state = 'QUEUED') WHERE id = $1`);",
    "manager.query(`INSERT INTO run_event (run_id) SELECT 1`);",
    "manager.update(Run, id, { reproduction });",
    "manager.insert(RunEvent, { to: 'FAILED' });",
  ])("is not written by %s", (text) => {
    expect(stateWriters(text)).toEqual([]);
  });

  it("is written in one file", () => {
    expect(findInSources(stateWriters)).toEqual(new Set(["runs/state-writer.ts"]));
  });
});

describe("run_event", () => {
  it.each([
    "manager.query(`WITH head AS (SELECT 1) INSERT INTO run_event (run_id) SELECT 1 FROM head`);",
    "manager.query('DELETE FROM run_event');",
    "manager.insert(RunEvent, { runId });",
  ])("is written by %s", (text) => {
    expect(eventWriters(text)).not.toEqual([]);
  });

  it("is not written by a statement that reads it", () => {
    expect(eventWriters("manager.query('SELECT * FROM run_event'); manager.find(RunEvent, {});")).toEqual([]);
  });

  it("is written in one file", () => {
    expect(findInSources(eventWriters)).toEqual(new Set(["runs/events.ts"]));
  });
});

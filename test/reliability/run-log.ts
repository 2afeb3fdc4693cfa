import { expect } from "vitest";
import { Run } from "../../src/entities/run.js";
import { RunEvent } from "../../src/entities/run-event.js";
import { ModelVersion } from "../../src/entities/version.js";
import { readMetrics } from "../../src/runs/metrics.js";
import type { Workbench } from "../support/workbench.js";

/**
 * What must hold of a run that has succeeded, whatever happened to it: one version with these weights; points numbered 1 to
 * n; attempts one after the other, none writing after the next has begun.
 */
export async function expectOneEffect({ db }: Pick<Workbench, "db">, runId: string, digest: string): Promise<void> {
  const run = await db.manager.findOneByOrFail(Run, { id: runId });
  expect(run).toMatchObject({ state: "SUCCEEDED", error: null, workerId: null });
  const versions = await db.manager.findBy(ModelVersion, { runId });
  expect(versions.map((version) => version.digest)).toEqual([digest]);

  let seen = 0;
  for (let page = await readMetrics(db, runId, 0); ; page = await readMetrics(db, runId, page.seq)) {
    for (const { seq } of page.points) expect(seq).toBe(++seen);
    if (!page.more) break;
  }
  expect(seen).toBe(run.metricHead);

  let attempt = 0;
  let running = false;
  for (const event of await db.manager.find(RunEvent, { where: { runId }, order: { seq: "ASC" } })) {
    if (event.to === "RUNNING") {
      expect(running).toBe(false);
      expect(event.attempt).toBe(++attempt);
      running = true;
    } else if (event.to) running = false;
    else expect(running).toBe(true);
    expect(event.attempt).toBe(attempt);
  }
  expect(attempt).toBe(run.attempt);
}

// Runs as a worker holds them, without a trainer: what they measure is made up, and stored by the real, fenced writes.
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { appendRows } from "../../dist/datasets/append.js";
import { declareDataset } from "../../dist/datasets/declare.js";
import { openDatabase } from "../../dist/db/database.js";
import { declareModel } from "../../dist/registry/declare-model.js";
import { declareOptimizer } from "../../dist/registry/declare-optimizer.js";
import { renewLeases } from "../../dist/runs/lease.js";
import { appendMetrics } from "../../dist/runs/metrics.js";
import { train } from "../../dist/runs/submit.js";
import { claimRuns } from "../../dist/scheduler/claim.js";
import { openFileStore } from "../../dist/storage/file-store.js";

const cpu = { kind: "CPU", name: "CPU", slots: 64, memoryBytes: 2 ** 34, provider: "cpu", uuid: null };

async function accepted(outcome) {
  const { problems, result } = await outcome;
  if (!result) throw new Error(JSON.stringify(problems));
  return result;
}

/** The metric points from `first` to `last`: one loss per step. */
export function points(first, last) {
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const seq = first + index;
    return { seq, name: "loss", step: seq, epoch: 1 + Math.floor(seq / 1_000), value: Math.exp(-seq / 50_000) };
  });
}

/**
 * A writer beside the platform's own processes: its connections, and runs that it has claimed.
 *
 * @param databaseUrl of a fresh database
 */
export async function openWriter(databaseUrl) {
  const directory = mkdtempSync(path.join(os.tmpdir(), "perennial-bench-store-"));
  const db = await openDatabase({ url: databaseUrl, poolSize: 4 });
  const store = await openFileStore({ root: directory, baseUrl: "http://127.0.0.1", secret: "s".repeat(32) });
  const features = [
    { name: "x", type: "NUMBER" },
    { name: "kind", type: "CATEGORY", categories: ["even", "odd"] },
  ];
  await accepted(declareDataset(db, { name: "bench", features }));
  const rows = Array.from({ length: 100 }, (_, index) => ({ x: index, kind: index % 2 ? "odd" : "even" }));
  await accepted(appendRows(db, store, { dataset: "bench", rows }));
  await accepted(
    declareModel(db, { name: "bench", dataset: "bench", target: "kind", layers: [{ dense: { units: 4 } }] }),
  );
  await accepted(declareOptimizer(db, { name: "bench", algorithm: { adam: {} } }));
  const renewals = [];
  return {
    db,
    /** Queues a run and claims it. @returns its id, its lease, and how it stores points. */
    async startRun() {
      const { runId } = await accepted(train(db, { model: "bench", optimizer: "bench", epochs: 1 }));
      const [run] = await claimRuns(db, { id: "worker_bench", devices: [cpu], holds: [] });
      if (run?.id !== runId) throw new Error("another run was waiting");
      const lease = { runId, fence: run.fence };
      renewals.push(setInterval(() => void renewLeases(db, "worker_bench", [lease]).catch(() => {}), 2_000));
      return {
        runId,
        lease,
        append: (batch) => {
          const { step } = batch.at(-1);
          return appendMetrics(db, lease, batch, { epoch: 1, epochs: 1, step, steps: 1_000_000 });
        },
      };
    },
    async close() {
      for (const renewal of renewals) clearInterval(renewal);
      await db.destroy();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

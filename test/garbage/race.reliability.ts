import { describe, expect, it } from "vitest";
import { PlatformError } from "../../src/errors.js";
import { collect } from "../../src/garbage/collect.js";
import type { Facts } from "../../src/garbage/judgement.js";
import type { Ledger } from "../../src/garbage/ledger.js";
import { droppedCheckpoints, type RetainedCheckpoint } from "../../src/runs/retention.js";
import { artifactKey, checkpointKey, ownerOf, segmentKey } from "../../src/storage/keys.js";
import { randomOf } from "../support/random.js";

/** Takes one step of one actor after the other, in an order that the seed decides. */
function createSchedule(random: (below: number) => number) {
  const parked: (() => void)[] = [];
  let living = 0;
  const failures: unknown[] = [];
  return {
    /** Everything an actor does between two of these happens at one instant. */
    step: () => new Promise<void>((resolve) => parked.push(resolve)),
    start(actor: () => Promise<void>) {
      living++;
      actor()
        .catch((error) => failures.push(error))
        .finally(() => living--);
    },
    async run(check: () => void) {
      while (living > 0) {
        await new Promise((resolve) => setImmediate(resolve));
        parked.splice(random(parked.length), 1)[0]?.();
        check();
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}

const sha256Of = (number: number) => number.toString(16).padStart(64, "0");
const keep = { latest: 2, best: 1, every: null };

/** A platform in miniature: what Postgres and the store hold, and the transactions and requests that change it. */
async function race(seed: number) {
  const next = randomOf(seed);
  const random = (below: number) => Math.floor(next() * below);
  const chance = (percent: number) => random(100) < percent;
  const { step, start, run } = createSchedule(random);
  const objects = new Map<string, number>();
  const rows = new Set<string>();
  const orphans = new Map<string, number>();
  const notes = new Map<string, { expired: boolean }>();
  const runs = new Map<
    string,
    { attempt: number; held: boolean; checkpoints: (RetainedCheckpoint & { key: string })[] }
  >();
  let time = 0;
  let written = 0;
  let deletions = 0;

  const store = {
    async *list() {
      for (let after = ""; ; ) {
        await step();
        const key = [...objects.keys()].filter((candidate) => candidate > after).sort()[0];
        if (key === undefined) return;
        after = key;
        yield { key, sizeBytes: objects.get(key) as number };
      }
    },
    async delete(key: string) {
      await step();
      if (chance(10)) throw new PlatformError("STORAGE_UNAVAILABLE", "not now");
      if (objects.delete(key)) deletions++;
    },
    abortStaleUploads: async () => 0,
  };
  const factsOf = (key: string, foresee: boolean): Facts => {
    const owner = ownerOf(key);
    const owning = owner?.type === "ATTEMPT" ? runs.get(owner.runId) : undefined;
    const expired = foresee && (notes.get(key)?.expired ?? false);
    return {
      referenced: rows.has(key),
      orphaned: orphans.has(key) || expired,
      pending: notes.has(key) && !expired,
      run: owning ? { attempt: owning.attempt, held: owning.held } : null,
    };
  };
  const ledger: Ledger = {
    async facts(keys, foresee) {
      await step();
      return keys.map((key) => factsOf(key, foresee));
    },
    async takeExpiredNotes() {
      await step();
      for (const [key, { expired }] of notes) {
        if (!expired) continue;
        notes.delete(key);
        orphans.set(key, ++time);
      }
    },
    async orphan(keys) {
      await step();
      for (const key of keys) orphans.set(key, ++time);
    },
    async now() {
      await step();
      return new Date(++time);
    },
    async forgetOrphans(before) {
      await step();
      for (const [key, at] of orphans) if (key.startsWith("runs/") && at < before.getTime()) orphans.delete(key);
    },
    knownMarks: async (marks) => new Set(marks),
  };

  /** Long enough now and then for a whole collection to come in between. */
  const pause = async () => {
    for (let steps = 1 + random(chance(20) ? 40 : 4); steps > 0; steps--) await step();
  };
  /** An attempt: it saves, and goes on to put what it has when its lease is gone, since it does not know yet. */
  const attempt = (runId: string, mine: number) => async () => {
    const of = runs.get(runId);
    if (!of) return;
    const holds = () => of.held && of.attempt === mine;
    for (let saves = 1 + random(4); saves > 0; saves--) {
      const number = ++written;
      const key = checkpointKey(runId, mine, number, sha256Of(number));
      await step();
      objects.set(key, number);
      if (chance(10)) return;
      await pause();
      if (!holds()) continue;
      rows.add(key);
      of.checkpoints.push({ id: key, key, attempt: mine, step: number, monitored: chance(50) ? random(9) : null });
      for (const id of droppedCheckpoints(of.checkpoints, keep)) {
        rows.delete(id);
        orphans.set(id, ++time);
        of.checkpoints = of.checkpoints.filter((checkpoint) => checkpoint.id !== id);
      }
    }
    const artifact = artifactKey(runId, mine, "weights.safetensors", sha256Of(++written));
    await step();
    objects.set(artifact, 1);
    await pause();
    if (!holds()) return;
    rows.add(artifact);
    of.held = false;
  };
  const lifeOf = (runId: string) => async () => {
    const of = { attempt: 0, held: false, checkpoints: [] };
    runs.set(runId, of);
    for (let attempts = 1 + random(3); attempts > 0; attempts--) {
      await step();
      Object.assign(of, { attempt: of.attempt + 1, held: true });
      start(attempt(runId, of.attempt));
      for (let steps = random(60); steps > 0; steps--) await step();
      // The lease runs out, or the worker gives it back.
      of.held = false;
    }
  };
  const append = (datasetId: string) => async () => {
    for (let tries = 0; tries < 3; tries++) {
      const number = ++written;
      const key = segmentKey(datasetId, sha256Of(number), `u${number}`);
      await step();
      notes.set(key, { expired: false });
      if (chance(5)) return;
      await step();
      objects.set(key, number);
      if (chance(10)) return;
      await pause();
      if (!notes.delete(key)) continue;
      rows.add(key);
      return;
    }
  };
  const hours = async () => {
    for (let passed = 0; passed < 6; passed++) {
      await step();
      for (const note of notes.values()) if (chance(50)) note.expired = true;
    }
  };
  const collector = async () => {
    for (let rounds = 0; rounds < 3; rounds++) await collect({ store, ledger, dryRun: chance(20) });
  };
  const lost = () => [...rows].filter((key) => !objects.has(key));

  for (let index = 1; index <= 3; index++) start(lifeOf(`run_${index}`));
  for (let index = 1; index <= 4; index++) start(append(`dataset_${index % 2}`));
  for (const actor of [hours, collector, collector]) start(actor);
  await run(() => {
    if (lost().length > 0) throw new Error(`seed ${seed}: deleted although referred to: ${lost()}`);
  });
  const raced = deletions;

  for (const of of runs.values()) of.held = false;
  for (const note of notes.values()) note.expired = true;
  // Deletions fail now and then; some collections later nothing is left.
  start(async () => {
    for (let rounds = 0; rounds < 12; rounds++) await collect({ store, ledger });
  });
  await run(() => {});
  expect([...objects.keys()].sort(), `seed ${seed}`).toEqual([...rows].sort());
  expect(
    [...orphans.keys()].filter((key) => key.startsWith("runs/")),
    `seed ${seed}`,
  ).toEqual([]);
  return { raced, kept: rows.size };
}

describe("collection beside saves, appends, lost leases and failed deletions", () => {
  it("never deletes what is referred to, and leaves no orphan: 1,000 seeds", async () => {
    let raced = 0;
    let kept = 0;
    for (let seed = 1; seed <= 1_000; seed++) {
      const outcome = await race(seed);
      raced += outcome.raced;
      kept += outcome.kept;
    }
    // Both happened, or this has proved nothing.
    expect(raced).toBeGreaterThan(2_000);
    expect(kept).toBeGreaterThan(5_000);
  }, 120_000);
});

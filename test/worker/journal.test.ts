import { describe, expect, it } from "vitest";
import { silent } from "../../src/logger.js";
import { createJournal, type JournalBound } from "../../src/worker/journal.js";

const progress = (step: number) => ({ epoch: 1, epochs: 1, step, steps: 99 });
const point = (seq: number, name = "loss") => ({ seq, name, step: seq, epoch: 1, value: seq });
const away = () => Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });

/** A journal in front of a database that is away until `open` is called. */
function journalOf(bound?: JournalBound) {
  let reachable = false;
  const stored: number[] = [];
  const steps: number[] = [];
  const pressure: boolean[] = [];
  const journal = createJournal({
    logger: silent,
    bound,
    onFull: (full) => pressure.push(full),
    onFailure: () => {},
    async writePoints(points, { step }) {
      if (!reachable) throw away();
      stored.push(...points.map(({ seq }) => seq));
      steps.push(step);
    },
  });
  return {
    ...{ journal, stored, steps, pressure },
    open() {
      reachable = true;
    },
  };
}

describe("a journal", () => {
  it("holds the trainer back at its limit, keeps what still arrives, and releases it at half of the limit", async () => {
    const { journal, stored, pressure, open } = journalOf({ entries: 10, bytes: 1e9 });
    for (let seq = 1; seq <= 9; seq++) journal.addPoints([point(seq)], progress(seq));
    expect(pressure).toEqual([]);
    for (let seq = 10; seq <= 14; seq++) journal.addPoints([point(seq)], progress(seq));
    expect(pressure).toEqual([true]);
    open();
    await journal.flushed();
    expect(pressure).toEqual([true, false]);
    expect(stored).toEqual(Array.from({ length: 14 }, (_, index) => index + 1));
  });

  it("has a limit in bytes too, which includes names", async () => {
    const { journal, pressure, open } = journalOf({ entries: 1e9, bytes: 20_000 });
    journal.addPoints([point(1, "x".repeat(10_000))], progress(1));
    expect(pressure).toEqual([true]);
    open();
    await journal.flushed();
    expect(pressure).toEqual([true, false]);
  });

  it("counts writes that are not points", async () => {
    const { journal, pressure, open } = journalOf({ entries: 2, bytes: 1e9 });
    journal.addPoints([point(1)], progress(1));
    journal.add(async () => {});
    expect(pressure).toEqual([true]);
    open();
    await journal.flushed();
    expect(pressure).toEqual([true, false]);
  });

  it("stores many points in several transactions, in order", async () => {
    const { journal, stored, steps, open } = journalOf();
    const points = Array.from({ length: 25_000 }, (_, index) => point(index + 1));
    journal.addPoints(points, progress(25_000));
    open();
    await journal.flushed();
    expect(steps).toHaveLength(3);
    expect(stored).toEqual(points.map(({ seq }) => seq));
  });

  it("stores progress that arrived without points while it was writing", async () => {
    const steps: number[] = [];
    let release = () => {};
    const journal = createJournal({
      logger: silent,
      onFailure: () => {},
      async writePoints(_, { step }) {
        steps.push(step);
        if (step === 1)
          await new Promise<void>((resolve) => {
            release = resolve;
          });
      },
    });
    journal.addPoints([], progress(1));
    await Promise.resolve();
    journal.addPoints([], progress(2));
    release();
    await journal.flushed();
    expect(steps).toEqual([1, 2]);
  });
});

import { expect, it } from "vitest";
import { simulate } from "./simulation.js";

/** `npm run test:seeds -- <count> <first>` sets both. */
const count = Number(process.env.SCHEDULER_SEEDS ?? 200);
const first = Number(process.env.SCHEDULER_FIRST_SEED ?? 1);

it(`${count} seeds of simulated days: nothing runs twice, nothing is exceeded or overtaken, and every run ends`, {
  timeout: 60_000 + count * 1_000,
}, () => {
  const seen = { starts: 0, preemptions: 0, reaped: 0, jumps: 0, zombies: 0, dependents: 0 };
  for (let seed = first; seed < first + count; seed++) {
    const result = simulate(seed, {
      runs: 20 + (seed % 60),
      days: 1 + (seed % 3),
      workers: 1 + (seed % 5),
      trouble: true,
    });
    for (const key of Object.keys(seen) as (keyof typeof seen)[]) seen[key] += result[key];
  }
  // What the invariants are about must have happened; of a single seed that is replayed it need not have.
  if (count >= 200) for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(count / 10);
});

it("two projects that always have runs waiting get half of the slots each, whatever the runs are like", () => {
  const minutes = 40 * 60_000;
  for (let seed = first; seed < first + Math.min(count, 10); seed++) {
    const { slotTime } = simulate(seed, {
      ...{ runs: 200, days: 0.001, workers: 3, trouble: false, until: minutes },
      newRun: (random, index) => ({
        ...{ needs: "CPU", priority: 42, memoryBytes: 0, steps: 100, stepMs: 2_000 + random() * 4_000 },
        // One queues three times as many as the other, and wide ones.
        ...(index % 4 === 0
          ? { project: "few", threads: 1 + (index % 3) }
          : { project: "many", threads: 1 + (index % 4) }),
      }),
    });
    const [few, many] = [slotTime.get("few") ?? 0, slotTime.get("many") ?? 0];
    expect(few / (few + many), `seed ${seed}`).toBeGreaterThan(0.4);
    expect(few / (few + many), `seed ${seed}`).toBeLessThan(0.6);
  }
});

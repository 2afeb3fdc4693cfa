import { expect, it } from "vitest";
import { afterADeath, sweep, unswept } from "./sweep/sweep.js";

/** The first, the middle and the last of so many. */
const samples = (count: number) => new Set([1, Math.ceil((count + 1) / 2), count]);

it("a platform of which a process is killed at the first, middle or last passage of any failpoint ends as if left alone (every passage: npm run test:sweep)", async () => {
  const started = performance.now();
  let planned = 0;
  const { calm, killed, differences } = await sweep(function* ({ counts }) {
    for (const [name, count] of counts)
      for (const n of samples(count)) {
        planned++;
        yield `${name}:${n}`;
      }
    for (const [name, death] of Object.entries(afterADeath)) {
      planned += 2;
      yield `${death},${name}:1`;
    }
  });
  const passages = [...calm.counts.values()].reduce((sum, count) => sum + count, 0);
  const seconds = Math.round((performance.now() - started) / 1_000);
  console.log(
    `${passages} passages through ${calm.counts.size} failpoints; ${killed} of ${planned} deaths came about in ${seconds} s`,
  );
  expect(unswept(calm)).toEqual([]);
  expect(differences).toEqual([]);
  // How many batches, saves and renewals there are depends on the clock: the last of them may not come every time.
  expect(killed).toBeGreaterThan(planned * 0.7);
}, 1_800_000);

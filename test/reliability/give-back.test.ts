import { expect, it } from "vitest";
import { liveThroughInterruptions } from "./sweep/interruptions.js";
import { interruptions, sweep } from "./sweep/sweep.js";

/** Nobody is taken for dead who is not: an attempt more would be another story. */
const leaseSeconds = 6;

it("a worker that is killed when it is about to give back a run that was paused, preempted or drained ends nothing otherwise", async () => {
  let planned = 0;
  const { killed, differences } = await sweep(
    function* ({ counts }) {
      for (const name of interruptions)
        for (let n = 1; n <= (counts.get(name) ?? 0); n++) {
          planned++;
          yield `${name}:${n}`;
        }
    },
    liveThroughInterruptions,
    leaseSeconds,
  );
  expect(differences).toEqual([]);
  expect([planned, killed]).toEqual([3, 3]);
}, 600_000);

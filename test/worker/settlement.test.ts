import { describe, expect, it } from "vitest";
import type { TrainingOutcome } from "../../src/trainer/protocol.js";
import type { TrainerEnd } from "../../src/worker/attempt-trainer.js";
import { type Settlement, settlementOf } from "../../src/worker/settlement.js";

const outcome = { digest: "sha256:0" } as TrainingOutcome;
const succeeded = { type: "SUCCEEDED", outcome } as const;
const stopped = { type: "STOPPED" } as const;
const failed = { type: "FAILED", error: { code: "DIVERGED", message: "loss became NaN" } } as const;
const ended = { code: 0, signal: null } as const;
const killed = { code: null, signal: "SIGKILL" } as const;
const run = { spec: { stepTimeoutSeconds: 30 } } as Parameters<typeof settlementOf>[1];

const summary = (settlement: Settlement) =>
  settlement.type === "FAULT" ? `FAULT ${settlement.fault.kind}` : settlement.type;

describe("an attempt is settled", () => {
  const cases: [what: string, end: TrainerEnd, oomKilled: boolean, settlement: string][] = [
    ["by its result", { exit: ended, lastMessage: succeeded }, false, "COMPLETE"],
    [
      "by its result, though a cancel came too late",
      { exit: ended, lastMessage: succeeded, request: "CANCEL" },
      false,
      "COMPLETE",
    ],
    [
      "by its result, though it was killed after it",
      { exit: killed, lastMessage: succeeded, killedFor: "HUNG_STEP" },
      true,
      "COMPLETE",
    ],
    ["as canceled when the trainer stopped", { exit: ended, lastMessage: stopped, request: "CANCEL" }, false, "CANCEL"],
    ["as canceled when the trainer had to be killed", { exit: killed, request: "CANCEL" }, false, "CANCEL"],
    [
      "as canceled when the trainer failed meanwhile",
      { exit: ended, lastMessage: failed, request: "CANCEL" },
      false,
      "CANCEL",
    ],
    [
      "by giving the run back when the trainer stopped",
      { exit: ended, lastMessage: stopped, request: "DRAIN" },
      false,
      "GIVE_BACK",
    ],
    [
      "by giving the run back when a drain took too long",
      { exit: killed, request: "DRAIN", killedFor: "SLOW_DRAIN" },
      false,
      "GIVE_BACK",
    ],
    ["by the error of the trainer", { exit: ended, lastMessage: failed }, false, "FAULT DIVERGENCE"],
    [
      "by the error of the trainer, also during a slow drain",
      { exit: killed, lastMessage: failed, killedFor: "SLOW_DRAIN" },
      false,
      "FAULT DIVERGENCE",
    ],
    ["as hung", { exit: killed, killedFor: "HUNG_STEP" }, true, "FAULT HUNG_STEP"],
    ["as out of memory", { exit: killed }, true, "FAULT OUT_OF_MEMORY"],
    ["as killed by somebody", { exit: killed }, false, "FAULT KILLED"],
    ["as crashed", { exit: { code: 3, signal: null } }, true, "FAULT CRASH"],
  ];
  it.each(cases)("%s", async (_, end, oomKilled, settlement) => {
    expect(summary(await settlementOf(end, run, async () => oomKilled))).toBe(settlement);
  });

  it("without claiming a kill of the kernel that another process may be meant by", async () => {
    let asked = 0;
    const wasOomKilled = async () => {
      asked += 1;
      return true;
    };
    for (const end of [
      { exit: { code: 1, signal: null } },
      { exit: killed, killedFor: "HUNG_STEP" },
      { exit: killed, request: "CANCEL" },
      { exit: killed, lastMessage: failed },
    ] satisfies TrainerEnd[])
      await settlementOf(end, run, wasOomKilled);
    expect(asked).toBe(0);
  });
});

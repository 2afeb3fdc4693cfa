import { describe, expect, it } from "vitest";
import {
  type AttemptEnd,
  aftermath,
  classify,
  maximumLosses,
  pauseSeconds,
  type Standing,
} from "../../src/runs/fault.js";

const failed = (code: string, message = "why"): AttemptEnd => ({ error: { code, message } });
const exited = (code: number | null, signal: string | null, oomKilled = false): AttemptEnd => ({
  exit: { code, signal, oomKilled },
});

describe("an attempt that ended", () => {
  it.each<[string, AttemptEnd, string, string]>([
    ["with rows that do not fit", failed("BAD_INPUT"), "USER_ERROR", "BAD_INPUT"],
    ["with rows that the model cannot use", failed("INVALID_ROWS"), "UNUSABLE_ROWS", "INVALID_ROWS"],
    ["with an empty part of the split", failed("EMPTY_SPLIT"), "USER_ERROR", "EMPTY_SPLIT"],
    ["with a loss that is NaN", failed("DIVERGED"), "DIVERGENCE", "DIVERGED"],
    ["by ONNX Runtime", failed("EXECUTOR_FAILED"), "EXECUTOR", "EXECUTOR_FAILED"],
    ["by ONNX Runtime's allocator", failed("EXECUTOR_FAILED", "std::bad_alloc"), "OUT_OF_MEMORY", "OUT_OF_MEMORY"],
    [
      "by an array too large",
      failed("TRAINER_FAILED", "RangeError: Array buffer allocation failed"),
      "OUT_OF_MEMORY",
      "OUT_OF_MEMORY",
    ],
    ["by what nobody expected", failed("TRAINER_FAILED", "TypeError: x is undefined"), "CRASH", "TRAINER_FAILED"],
    ["without a store", failed("STORAGE_UNAVAILABLE"), "STORE", "STORAGE_UNAVAILABLE"],
    ["with a damaged object", failed("OBJECT_CORRUPT"), "STORE", "OBJECT_CORRUPT"],
    ["by the kernel, for lack of memory", exited(null, "SIGKILL", true), "OUT_OF_MEMORY", "OUT_OF_MEMORY"],
    ["at the limit of V8's heap", exited(null, "SIGABRT"), "OUT_OF_MEMORY", "OUT_OF_MEMORY"],
    ["at the limit of V8's heap, below a shell", exited(134, null), "OUT_OF_MEMORY", "OUT_OF_MEMORY"],
    ["by somebody's SIGKILL", exited(null, "SIGKILL"), "KILLED", "TRAINER_FAILED"],
    ["by somebody's SIGTERM", exited(null, "SIGTERM"), "KILLED", "TRAINER_FAILED"],
    ["by a fault of memory access", exited(null, "SIGSEGV"), "CRASH", "TRAINER_FAILED"],
    ["with an exit code", exited(3, null), "CRASH", "TRAINER_FAILED"],
    ["in a step that hung", { stepTimeoutSeconds: 9 }, "HUNG_STEP", "STEP_TIMEOUT"],
    ["with its worker", { lost: "lease expired" }, "LOST_WORKER", "TRAINER_FAILED"],
  ])("%s is classified", (_, end, kind, code) => {
    expect(classify(end)).toMatchObject({ kind, code });
  });
});

const standing: Standing = { restarts: 0, maximumRestarts: 3, losses: 0, gained: false, step: 7, lastFault: null };
const crash = classify(exited(3, null));
const lastFault = { code: crash.code, message: crash.message, step: 7 };
const killed = classify(exited(null, "SIGKILL"));
const away = classify(failed("STORAGE_UNAVAILABLE"));

describe("a fault of the run's own", () => {
  it("spends a restart, and is remembered with its step", () => {
    expect(aftermath(crash, standing)).toEqual({ to: "QUEUED", pauseSeconds: 1, restarts: 1, lastFault });
  });

  it("fails the run at once where the same rows would come again", () => {
    const error = { code: "INVALID_ROWS", message: "why" };
    const lastFault = { ...error, step: 7 };
    expect(aftermath(classify({ error }), standing)).toEqual({ to: "FAILED", error, lastFault });
  });

  it("waits twice as long each time, at most a minute", () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 1_000].map(pauseSeconds)).toEqual([0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it("fails the run when the restarts are spent, or none is allowed", () => {
    expect(aftermath(crash, { ...standing, restarts: 3 })).toMatchObject({
      to: "FAILED",
      error: { code: "TRAINER_FAILED", message: "the trainer was ended by exit code 3. All 3 restarts are spent" },
    });
    expect(aftermath(crash, { ...standing, maximumRestarts: 0 })).toMatchObject({
      to: "FAILED",
      error: { message: "the trainer was ended by exit code 3" },
    });
  });

  it.each([
    ["the same at the same step", {}, "FAILED"],
    ["the same at another step", { step: 8 }, "QUEUED"],
    ["another message", { message: "the trainer was ended by exit code 4" }, "QUEUED"],
    ["another code", { code: "EXECUTOR_FAILED" }, "QUEUED"],
  ])("after %s", (_, difference, to) => {
    expect(aftermath(crash, { ...standing, restarts: 1, lastFault: { ...lastFault, ...difference } }).to).toBe(to);
  });

  it("that is the store's may repeat itself until the restarts are spent", () => {
    const last = { code: away.code, message: away.message, step: 7 };
    expect(aftermath(away, { ...standing, restarts: 2, lastFault: last })).toMatchObject({ to: "QUEUED", restarts: 3 });
    expect(aftermath(away, { ...standing, restarts: 3, lastFault: last })).toMatchObject({ to: "FAILED" });
  });
});

describe("a trainer that was killed, or a lost worker", () => {
  it("spends nothing, even where no restart is allowed", () => {
    for (const fault of [killed, classify({ lost: "lease expired" })])
      expect(aftermath(fault, { ...standing, gained: true, restarts: 3, maximumRestarts: 0 })).toEqual({
        ...{ to: "QUEUED", pauseSeconds: 0, losses: 0 },
      });
  });

  it("waits where no step was gained, and ends the run after too many in a row", () => {
    expect(aftermath(killed, { ...standing, losses: 2 })).toEqual({ to: "QUEUED", pauseSeconds: 4, losses: 3 });
    expect(aftermath(killed, { ...standing, losses: maximumLosses - 1 })).toMatchObject({
      to: "FAILED",
      error: { code: "TRAINER_FAILED", message: expect.stringContaining("10 attempts in a row") },
    });
    expect(aftermath(killed, { ...standing, losses: maximumLosses - 1, gained: true }).to).toBe("QUEUED");
  });
});

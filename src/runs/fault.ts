import type { ErrorCode } from "../errors.js";

/** What ended an attempt before it was done, by what that says about the next one. */
export type FaultKind =
  /** What was declared or appended cannot be trained. */
  | "USER_ERROR"
  /** Rows that the model cannot use, found before the first step: every attempt reads the same rows. */
  | "UNUSABLE_ROWS"
  /** A loss or a weight became NaN or infinite. */
  | "DIVERGENCE"
  | "OUT_OF_MEMORY"
  /** A step took longer than `stepTimeoutSeconds`. */
  | "HUNG_STEP"
  /** ONNX Runtime, or whatever else computes, failed. */
  | "EXECUTOR"
  /** The object store failed. */
  | "STORE"
  /** The trainer ended by itself, or threw what nobody expected. */
  | "CRASH"
  /** Somebody killed the trainer. */
  | "KILLED"
  /** The worker is gone, or could not begin. */
  | "LOST_WORKER";

export interface Fault {
  kind: FaultKind;
  code: ErrorCode;
  /** For people; equal for what is the same. */
  message: string;
}

/** How an attempt ended before it was done. */
export type AttemptEnd =
  /** The trainer said what went wrong. */
  | { error: { code: string; message: string } }
  /** The process ended without a word. `oomKilled`: the kernel killed it for lack of memory. */
  | { exit: { code: number | null; signal: string | null; oomKilled: boolean } }
  | { stepTimeoutSeconds: number }
  /** Nothing of the run's or the trainer's doing. */
  | { lost: string };

interface Rule {
  /** Whether it spends one of the restarts that the run's spec allows. */
  spends: boolean;
  /** Whether the very same fault at the same step proves that it would come again; `certain`: once is proof enough. */
  repeats: boolean | "certain";
}

/**
 * A store that is away repeats its words, and is back a minute later; whoever kills trainers or hosts says nothing about
 * the run at all. Everything else is the run's own, until a step is gained that no attempt had made.
 */
const rules: Record<FaultKind, Rule> = {
  USER_ERROR: { spends: true, repeats: true },
  UNUSABLE_ROWS: { spends: true, repeats: "certain" },
  DIVERGENCE: { spends: true, repeats: true },
  OUT_OF_MEMORY: { spends: true, repeats: true },
  HUNG_STEP: { spends: true, repeats: true },
  EXECUTOR: { spends: true, repeats: true },
  CRASH: { spends: true, repeats: true },
  STORE: { spends: true, repeats: false },
  KILLED: { spends: false, repeats: false },
  LOST_WORKER: { spends: false, repeats: false },
};

const kindOfCode: Partial<Record<string, FaultKind>> = {
  BAD_INPUT: "USER_ERROR",
  EMPTY_SPLIT: "USER_ERROR",
  INVALID_ROWS: "UNUSABLE_ROWS",
  LIMIT_EXCEEDED: "USER_ERROR",
  UNSUPPORTED: "USER_ERROR",
  DIVERGED: "DIVERGENCE",
  OUT_OF_MEMORY: "OUT_OF_MEMORY",
  STEP_TIMEOUT: "HUNG_STEP",
  EXECUTOR_FAILED: "EXECUTOR",
  OBJECT_NOT_FOUND: "STORE",
  OBJECT_CORRUPT: "STORE",
  STORAGE_FULL: "STORE",
  STORAGE_UNAVAILABLE: "STORE",
};

/** How ONNX Runtime, V8 and the C++ library say that an allocation failed. */
const noMemory =
  /bad_alloc|bad allocation|failed to allocate memory|allocation failed|out of memory|CUDA_ERROR_OUT_OF_MEMORY/i;

/** Aborting is how V8 ends at its heap's limit; 134 is what a shell makes of it. */
const aborted = (code: number | null, signal: string | null) => signal === "SIGABRT" || code === 134;

/** What kind of fault ended an attempt, and the error that tells of it. */
export function classify(end: AttemptEnd): Fault {
  if ("lost" in end) return { kind: "LOST_WORKER", code: "TRAINER_FAILED", message: end.lost };
  if ("stepTimeoutSeconds" in end)
    return {
      ...{ kind: "HUNG_STEP", code: "STEP_TIMEOUT" },
      message: `a step took longer than ${end.stepTimeoutSeconds} s, the run's stepTimeoutSeconds`,
    };
  if ("error" in end) {
    const { code, message } = end.error;
    const vague = code === "EXECUTOR_FAILED" || code === "TRAINER_FAILED";
    if (vague && noMemory.test(message)) return { kind: "OUT_OF_MEMORY", code: "OUT_OF_MEMORY", message };
    return { kind: kindOfCode[code] ?? "CRASH", code: code as ErrorCode, message };
  }
  const { code, signal, oomKilled } = end.exit;
  if (signal === "SIGKILL" && oomKilled)
    return {
      ...{ kind: "OUT_OF_MEMORY", code: "OUT_OF_MEMORY" },
      message: "the kernel killed the trainer for lack of memory (oom_kill)",
    };
  if (aborted(code, signal))
    return {
      ...{ kind: "OUT_OF_MEMORY", code: "OUT_OF_MEMORY" },
      message: "the trainer aborted, as it does at the limit of its heap",
    };
  const killed = signal === "SIGKILL" || signal === "SIGTERM";
  return {
    ...{ kind: killed ? "KILLED" : "CRASH", code: "TRAINER_FAILED" },
    message: `the trainer was ended by ${signal ?? `exit code ${code}`}`,
  };
}

/** What a run has behind it when an attempt ends in a fault. */
export interface Standing {
  /** Restarts spent since a step was last gained. */
  restarts: number;
  maximumRestarts: number;
  /** Attempts in a row that were lost before they had gained a step, without this one. */
  losses: number;
  /** Whether this attempt made a step that none before it had made. */
  gained: boolean;
  /** The step it had come to. */
  step: number;
  /** The newest fault that spent a restart. */
  lastFault: { code: string; message: string; step: number } | null;
}

/** What becomes of the run: back to the queue, to be claimed after `pauseSeconds`, or FAILED with an error. */
export type Aftermath =
  | {
      to: "QUEUED";
      pauseSeconds: number;
      restarts?: number;
      losses?: number;
      lastFault?: NonNullable<Standing["lastFault"]>;
    }
  | { to: "FAILED"; error: { code: ErrorCode; message: string }; lastFault?: NonNullable<Standing["lastFault"]> };

/**
 * Attempts that may be lost in a row without a gained step. Their pauses add up to four minutes; a run that takes its
 * trainer or its host down with it must not do so for ever.
 */
export const maximumLosses = 10;
export const faultLimits = { maximumLosses } as const;

/** The pause before the n-th try in a row: 1 s, doubled each time, at most 60 s. The same for all, so that it can be tested. */
export function pauseSeconds(count: number): number {
  return count < 1 ? 0 : Math.min(2 ** (count - 1), 60);
}

/** The one rule for what a fault does to a run. */
export function aftermath({ kind, code, message }: Fault, standing: Standing): Aftermath {
  const { spends, repeats } = rules[kind];
  if (!spends) {
    const losses = standing.gained ? 0 : standing.losses + 1;
    if (losses < maximumLosses) return { to: "QUEUED", pauseSeconds: pauseSeconds(losses), losses };
    return {
      to: "FAILED",
      error: { code, message: `${message}: ${losses} attempts in a row were lost without completing a new step` },
    };
  }
  const { lastFault: last, step, maximumRestarts } = standing;
  const lastFault = { code, message, step };
  if (repeats === "certain") return { to: "FAILED", error: { code, message }, lastFault };
  if (repeats && last?.code === code && last.message === message && last.step === step)
    return {
      ...{ to: "FAILED", lastFault },
      error: {
        code,
        message: `${message.replace(/\.$/, "")}. It came twice in the same way at step ${step}, and would come again`,
      },
    };
  const restarts = standing.restarts + 1;
  if (restarts > maximumRestarts) {
    const spent = maximumRestarts === 0 ? "" : `. All ${maximumRestarts} restarts are spent`;
    return { to: "FAILED", error: { code, message: `${message}${spent}` }, lastFault };
  }
  return { to: "QUEUED", pauseSeconds: pauseSeconds(restarts), restarts, lastFault };
}

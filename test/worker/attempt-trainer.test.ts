import { afterEach, describe, expect, it } from "vitest";
import { silent } from "../../src/logger.js";
import type { Assignment, FromTrainer, ToTrainer } from "../../src/trainer/protocol.js";
import { type AttemptTrainer, createAttemptTrainer } from "../../src/worker/attempt-trainer.js";
import type { Trainer, TrainerExit } from "../../src/worker/trainer-pool.js";

/** A trainer without a process, and what it was sent. */
function trainerHere() {
  const sent: ToTrainer["type"][] = [];
  let listener: (message: FromTrainer) => void = () => {};
  let exit: (how: TrainerExit) => void = () => {};
  const exited = new Promise<TrainerExit>((resolve) => {
    exit = resolve;
  });
  const trainer: Trainer = {
    ...{ pid: 1, exited },
    send: ({ type }) => sent.push(type),
    onMessage(listen) {
      listener = listen;
    },
    dismiss: () => exit({ code: 0, signal: null }),
    kill: () => exit({ code: null, signal: "SIGKILL" }),
  };
  return { trainer, sent, say: (message: FromTrainer) => listener(message) };
}

let attempt: AttemptTrainer;
afterEach(() => attempt.close());
const open = (take: () => Promise<Trainer>, stepTimeoutSeconds = 60) => {
  attempt = createAttemptTrainer({ take, stepTimeoutSeconds, logger: silent });
};
const assignment = {} as Assignment;
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("the trainer of an attempt", () => {
  it("gets the assignment, is heard, and is dismissed after its last message", async () => {
    const { trainer, sent, say } = trainerHere();
    open(async () => trainer);
    const heard: string[] = [];
    const end = attempt.execute(assignment, ({ type }) => heard.push(type));
    await turn();
    expect([sent, attempt.hasStarted]).toEqual([["RUN"], true]);
    attempt.hold(true);
    attempt.hold(false);
    say({ type: "RESUMED", step: 3 });
    say({ type: "STOPPED" });
    expect(await end).toEqual({ exit: { code: 0, signal: null }, lastMessage: { type: "STOPPED" } });
    expect(heard).toEqual(["RESUMED", "STOPPED"]);
    expect(sent).toEqual(["RUN", "HOLD", "GO_ON"]);
  });

  it.each(["DRAIN", "CANCEL"] as const)("that gets a %s before it has started is not waited for", async (request) => {
    const { trainer, sent } = trainerHere();
    let start = (_: Trainer) => {};
    open(() => new Promise((resolve) => (start = resolve)));
    const end = attempt.execute(assignment, () => {});
    attempt.request(request);
    expect(await end).toMatchObject({ request, lastMessage: { type: "STOPPED" } });
    expect(attempt.hasStarted).toBe(false);
    // The process that was being started for it is not left behind.
    start(trainer);
    expect(await trainer.exited).toMatchObject({ signal: "SIGKILL" });
    expect(sent).toEqual([]);
  });

  it("that is canceled and does not stop by itself is killed after a second", async () => {
    const { trainer, sent } = trainerHere();
    open(async () => trainer);
    const end = attempt.execute(assignment, () => {});
    await turn();
    attempt.request("DRAIN");
    attempt.request("CANCEL");
    // A drain cannot replace a cancel.
    attempt.request("DRAIN");
    expect(sent).toEqual(["RUN", "DRAIN", "CANCEL"]);
    const started = performance.now();
    expect(await end).toEqual({ exit: { code: null, signal: "SIGKILL" }, request: "CANCEL" });
    expect(performance.now() - started).toBeGreaterThan(900);
  });

  it("that hangs in a step is killed, and that reason is kept unless a drain took too long", async () => {
    const { trainer, say } = trainerHere();
    open(async () => trainer, 0.1);
    const end = attempt.execute(assignment, () => {});
    await turn();
    say({ type: "STEPPING", stepping: true });
    expect(await end).toMatchObject({ killedFor: "HUNG_STEP", exit: { signal: "SIGKILL" } });
  });

  it("is not timed while it evaluates, or is held back", async () => {
    const { trainer, say } = trainerHere();
    open(async () => trainer, 0.1);
    const end = attempt.execute(assignment, () => {});
    await turn();
    say({ type: "STEPPING", stepping: true });
    say({ type: "STEPPING", stepping: false });
    await new Promise((resolve) => setTimeout(resolve, 700));
    say({ type: "STEPPING", stepping: true });
    attempt.hold(true);
    await new Promise((resolve) => setTimeout(resolve, 700));
    attempt.cutShort();
    expect(await end).toMatchObject({ killedFor: "SLOW_DRAIN" });
  });
});

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { createThread, type Thread, type ThreadOptions } from "../../src/threads/thread.js";

interface Request {
  act: "echo" | "post" | "hang" | "exit" | "crash" | "refuse" | "fail" | "unclonable" | "transfer";
  text?: string;
  milliseconds?: number;
  bytes?: Uint8Array;
}
interface Result {
  text: string;
  threadId: number;
  posted: string[];
  bytes: Uint8Array;
}

let thread: Thread<Request, Result>;
let ends: string[];
afterEach(() => thread.close());

function open(options: Partial<ThreadOptions> = {}): void {
  ends = [];
  thread = createThread({
    url: new URL("./serving-thread.mjs", import.meta.url),
    onEnd: ({ message }) => ends.push(message),
    ...options,
  });
}

const echo = (text: string, milliseconds = 0) => thread.call({ act: "echo", text, milliseconds });

describe("a thread", () => {
  it("answers each call with its own result, also when a later call is answered first", async () => {
    open();
    const order: string[] = [];
    const calls = [echo("slow", 200), echo("quick")].map((call) =>
      call.then(({ text }) => {
        order.push(text);
        return text;
      }),
    );
    expect(await Promise.all(calls)).toEqual(["slow", "quick"]);
    expect(order).toEqual(["quick", "slow"]);
  });

  it("receives posts before later calls; without a running thread, postIfRunning sends nothing", async () => {
    open();
    thread.postIfRunning({ act: "post", text: "lost" });
    thread.post({ act: "post", text: "first" });
    thread.postIfRunning({ act: "post", text: "second" });
    expect((await echo("after")).posted).toEqual(["first", "second"]);
  });

  it("passes a PlatformError on with its code, and any other error with the stack of its thread", async () => {
    open();
    await expect(thread.call({ act: "refuse", text: "no rows" })).rejects.toMatchObject({
      ...{ name: "PlatformError", code: "BAD_INPUT", message: "no rows" },
    });
    const error: Error = await thread.call({ act: "fail", text: "out of range" }).then(
      () => Promise.reject(new Error("it answered")),
      (reason) => reason,
    );
    expect([error.message, error.name, "code" in error]).toEqual(["out of range", "Error", false]);
    expect(error.stack).toContain("serving-thread.mjs");
  });

  it("rejects a call whose request or result cannot be sent, and keeps answering", async () => {
    open();
    await expect(thread.call({ act: "unclonable", text: "x" })).rejects.toThrow(/could not be cloned/);
    const request = { act: "echo", text: () => "x" } as unknown as Request;
    await expect(thread.call(request)).rejects.toThrow(/could not be cloned/);
    expect((await echo("next")).text).toBe("next");
    expect(ends).toEqual([]);
  });

  it("hands memory over and gets it back without copies", async () => {
    open();
    const bytes = Uint8Array.of(1, 2, 3);
    const answer = thread.call({ act: "transfer", bytes }, [bytes.buffer]);
    expect(bytes.byteLength).toBe(0);
    expect((await answer).bytes).toEqual(Uint8Array.of(1, 2, 3));
  });

  it.each([
    ["exits", "exit", /^the thread has ended with 7$/],
    ["throws outside a call", "crash", /Cannot read properties of null/],
  ] as const)("that %s fails every call without an answer, once, and is started again", async (_, act, message) => {
    open();
    const before = await echo("before");
    const calls = [thread.call({ act }), echo("lost", 60_000)];
    for (const call of calls) await expect(call).rejects.toThrow(message);
    expect(ends).toEqual([expect.stringMatching(message)]);
    const after = await echo("after");
    expect(after.threadId).not.toBe(before.threadId);
    expect(ends).toHaveLength(1);
  });

  it("that hangs is ended after the deadline, for the oldest call alone", async () => {
    open({ deadline: { seconds: 2, error: () => new Error("too slow") } });
    await echo("ready");
    // Each takes less than the deadline; together they take longer.
    const started = performance.now();
    for (let time = 0; time < 3; time++) await echo("in time", 800);
    expect(performance.now() - started).toBeGreaterThan(2_100);
    const hung = thread.call({ act: "hang" });
    await expect(hung).rejects.toThrow("too slow");
    expect(ends).toEqual(["too slow"]);
    expect((await echo("next")).text).toBe("next");
  });

  it("has no more time for its oldest call because younger ones are answered", async () => {
    open({ deadline: { seconds: 2, error: () => new Error("too slow") } });
    await echo("ready");
    const started = performance.now();
    const slow = echo("slow", 60_000);
    const younger = setInterval(() => echo("quick").catch(() => {}), 50);
    await expect(slow).rejects.toThrow("too slow");
    clearInterval(younger);
    expect(performance.now() - started).toBeLessThan(3_500);
  });

  it("is named in the message, and may fail again at every start", async () => {
    open({ url: new URL("data:text/javascript,process.exit(3)"), name: "the thread of the test" });
    thread.start();
    for (let time = 0; time < 2; time++)
      await expect(echo("any")).rejects.toThrow(/^the thread of the test has ended with 3$/);
  });

  it("does not keep its process alive", async () => {
    const program = fileURLToPath(new URL("./started-thread.mjs", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 30_000 });
    expect(stdout).toBe("answered\n");
    open();
  });

  it("that is closed rejects what is under way and what comes after", async () => {
    open();
    const refused = expect(echo("under way", 60_000)).rejects.toThrow("stopping");
    await thread.close();
    await refused;
    await expect(echo("after")).rejects.toThrow("stopping");
    expect(() => thread.post({ act: "post" })).toThrow("stopping");
    expect(ends).toEqual([]);
  });
});

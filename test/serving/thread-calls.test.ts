import { afterEach, describe, expect, it } from "vitest";
import type { Caller } from "../../src/db/caller.js";
import { type CallLimits, createThreadCalls, type ThreadCalls } from "../../src/serving/thread-calls.js";

interface Told {
  act: "note" | "echo" | "hang" | "die" | "fail";
  text?: string;
  milliseconds?: number;
}
interface Heard {
  text: string;
  threadId: number;
  noted: string[];
}

let calls: ThreadCalls<Told, Heard>;
let ended: number;
afterEach(() => calls.close());

function open(limits: Partial<CallLimits> = {}): void {
  ended = 0;
  calls = createThreadCalls({
    ...{ url: new URL("./scripted-thread.mjs", import.meta.url), what: "things" },
    limits: { waiting: 100, waitSeconds: 30, runSeconds: 30, ahead: 1, ...limits },
    onEnd: () => ended++,
  });
}

const someone = (): Caller => ({ request: {} });
const tell = (caller: Caller, told: Told) => calls.call(caller, told);
const echo = (caller: Caller, text: string, milliseconds = 0) => tell(caller, { act: "echo", text, milliseconds });

/** The texts of calls in the order of their answers. */
async function order(...asked: Promise<Heard>[]): Promise<string[]> {
  const texts: string[] = [];
  await Promise.all(asked.map((answer) => answer.then(({ text }) => texts.push(text))));
  return texts;
}

describe("calls to a thread", () => {
  it("take turns by request: ten calls of one request delay a call of another one by one call", async () => {
    open();
    const many = someone();
    const ten = Array.from({ length: 10 }, (_, index) => echo(many, `many ${index}`, 20));
    const answered = await order(...ten, echo(someone(), "single"));
    expect(answered.indexOf("single")).toBe(1);
    expect(answered.filter((text) => text !== "single")).toEqual(ten.map((_, index) => `many ${index}`));
  });

  it("beyond the limit, only the newest call of the request with the most calls is refused", async () => {
    open({ waiting: 3 });
    const many = someone();
    const sent = Array.from({ length: 4 }, (_, index) => echo(many, `many ${index}`, 50));
    const single = echo(someone(), "single");
    const refusal = { code: "LIMIT_EXCEEDED", message: expect.stringContaining("3 things waiting") };
    await expect(sent[3]).rejects.toMatchObject(refusal);
    expect(await order(...sent.slice(0, 3), single)).toContain("single");
  });

  it("among requests of one call each, the last one is refused", async () => {
    open({ waiting: 2 });
    const early = [echo(someone(), "a", 50), echo(someone(), "b"), echo(someone(), "c")];
    await expect(echo(someone(), "d")).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
    expect(await order(...early)).toEqual(["a", "b", "c"]);
  });

  it("a call that is not started in time is refused, and the thread continues", async () => {
    open({ waitSeconds: 0.1 });
    const long = echo(someone(), "long", 400);
    await expect(echo(someone(), "late")).rejects.toMatchObject({
      ...{ code: "DEADLINE_EXCEEDED", message: expect.stringContaining("0.1 s behind other things") },
    });
    expect((await long).threadId).toBe((await echo(someone(), "next")).threadId);
    expect(ended).toBe(0);
  });

  it.each([1, 2])(
    "a thread that hangs is ended, and calls that wait or were sent ahead go to the next thread (%i)",
    async (ahead) => {
      open({ ahead, runSeconds: 0.5 });
      const before = await echo(someone(), "before");
      const hung = tell(someone(), { act: "hang" });
      const others = [echo(someone(), "a"), echo(someone(), "b")];
      await expect(hung).rejects.toMatchObject({
        code: "DEADLINE_EXCEEDED",
        message: expect.stringContaining("0.5 s"),
      });
      expect(await order(...others)).toEqual(["a", "b"]);
      expect((await others[0])?.threadId).not.toBe(before.threadId);
      expect(ended).toBe(1);
    },
  );

  it("a thread that ends fails the call that it computed, and no other", async () => {
    open({ ahead: 2 });
    const dying = tell(someone(), { act: "die" });
    const others = [echo(someone(), "a"), echo(someone(), "b")];
    await expect(dying).rejects.toThrow("the thread has ended");
    expect(await order(...others)).toEqual(["a", "b"]);
    expect(ended).toBe(1);
  });

  it("waiting calls of a request that was aborted are dropped", async () => {
    open();
    const client = new AbortController();
    const caller = { request: {}, signal: client.signal };
    const first = echo(caller, "first", 100);
    const waiting = [echo(caller, "second", 5_000), echo(caller, "third", 5_000)];
    const start = performance.now();
    client.abort();
    for (const call of waiting) await expect(call).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await expect(echo(caller, "fourth")).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect((await echo(someone(), "next")).text).toBe("next");
    expect(performance.now() - start).toBeLessThan(4_000);
    expect((await first).text).toBe("first");
  });

  it("posts arrive before later calls; errors keep their code", async () => {
    open();
    calls.post({ act: "note", text: "noted" });
    expect((await echo(someone(), "after")).noted).toEqual(["noted"]);
    await expect(tell(someone(), { act: "fail", text: "wrong" })).rejects.toMatchObject({
      ...{ code: "BAD_INPUT", message: "wrong" },
    });
  });

  it("closing refuses calls under way and later calls", async () => {
    open();
    const underway = [echo(someone(), "a", 10_000), echo(someone(), "b")];
    const refused = underway.map((call) => expect(call).rejects.toThrow("stopping"));
    await calls.close();
    await Promise.all(refused);
    await expect(echo(someone(), "c")).rejects.toThrow("stopping");
  });
});

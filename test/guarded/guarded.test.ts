import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { guarded, logged, unawaited } from "../../src/guarded.js";

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

describe("a guarded callback", () => {
  it("gives what it throws, or rejects with, to its report, with its arguments", async () => {
    const reports: unknown[][] = [];
    const report = (...told: unknown[]) => void reports.push(told);
    const fault = new Error("x");
    const emitter = new EventEmitter();
    emitter.on(
      "event",
      guarded((_a: number, _b: string) => {
        throw fault;
      }, report),
    );
    emitter.on(
      "event",
      guarded(async (_a: number, _b: string) => Promise.reject(fault), report),
    );
    emitter.emit("event", 1, "two");
    await settled();
    expect(reports).toEqual([
      [fault, 1, "two"],
      [fault, 1, "two"],
    ]);
  });

  it("reports nothing where nothing fails", async () => {
    const called: unknown[] = [];
    guarded(
      (value: number) => called.push(value),
      () => called.push("failed"),
    )(5);
    unawaited(Promise.resolve(), () => called.push("failed"));
    await settled();
    expect(called).toEqual([5]);
  });

  it("survives a report that fails itself", async () => {
    const fail = () => {
      throw new Error("y");
    };
    guarded(fail, fail)();
    unawaited(Promise.reject(new Error("x")), fail);
    await settled();
  });

  it("can report by a log line", () => {
    const lines: unknown[] = [];
    const fault = new Error("x");
    const fail = () => {
      throw fault;
    };
    guarded(fail, logged({ error: (fields, message) => void lines.push([fields, message]) }, "It failed"))();
    expect(lines).toEqual([[{ err: fault }, "It failed"]]);
  });
});

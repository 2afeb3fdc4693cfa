import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { unguarded } from "./unguarded.js";

const source = fileURLToPath(new URL("../../src/", import.meta.url));

/**
 * Not part of a process that others depend on: a trainer is one attempt's, a thread that ends is started again, and the
 * rest are programs for one user or for the browser.
 */
const elsewhere = [
  /^guarded\.ts$/,
  // Computes in trainers and threads alone.
  /^engine\//,
  /^trainer\//,
  /^programs\/(trainer|checkpoint-thread|probe|demo)\.ts$/,
  /^serving\/(thread|plan-thread)\.ts$/,
  /^intake\/thread\.ts$/,
  /^(client|demo)\//,
  /^transport\/graphiql-key-form\.ts$/,
];

describe("callbacks of the event loop", () => {
  const bad = [
    'socket.on("data", (data) => parse(data));',
    'socket.once("close", end);',
    "setInterval(sweep, 50);",
    "setTimeout(async () => { await work(); }, 50);",
    "setImmediate(() => void read());",
    "void promise;",
    "promise.then(work);",
    "promise.catch(() => socket.close());",
    "async function work() {} work();",
    "const work = async () => {}; work();",
    'child.once("error", reject);',
    'signal.addEventListener("abort", () => { throw new Error("x"); });',
  ];
  it.each(bad)("%s is found", (text) => {
    expect(unguarded(text)).not.toEqual([]);
  });

  const good = [
    'socket.on("data", guarded((data) => parse(data), report));',
    'socket.once("close", resolve);',
    'socket.once("close", () => resolve(undefined));',
    'child.on("exit", () => reject(new Error("it ended")));',
    "const sweep = guarded(look, report); setInterval(sweep, 50);",
    "setTimeout(() => { late = true; }, 50);",
    "unawaited(promise.then(work), report);",
    "async function work() {} async function all() { await work(); }",
    "wakeups.on({ type: topic }, { every: kind });",
  ];
  it.each(good)("%s is not", (text) => {
    expect(unguarded(text)).toEqual([]);
  });

  it("are guarded in everything that runs in a server or a worker", () => {
    const files = readdirSync(source, { recursive: true, encoding: "utf8" })
      .map((file) => file.split(path.sep).join("/"))
      .filter((file) => file.endsWith(".ts") && !elsewhere.some((pattern) => pattern.test(file)));
    const found = files.flatMap((file) =>
      unguarded(readFileSync(path.join(source, file), "utf8")).map((place) => `${file}:${place}`),
    );
    expect(found).toEqual([]);
  });
});

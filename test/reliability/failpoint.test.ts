import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  armFailpoints,
  armThroughLedger,
  type Failpoint,
  failpoint,
  failpoints,
  readLedger,
} from "../../src/failpoint.js";

const built = fileURLToPath(new URL("../../dist/failpoint.js", import.meta.url));
const sources = fileURLToPath(new URL("../../src/", import.meta.url));

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "perennial-failpoint-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

let disarm = () => {};
afterEach(() => {
  disarm();
  disarm = () => {};
});
const arm = (FAILPOINT?: string, FAILPOINT_LEDGER?: string) => {
  disarm = armFailpoints({ FAILPOINT, FAILPOINT_LEDGER });
};

/** Which of so many passages throw, from 1. */
function thrown(passages: Failpoint[]): number[] {
  return passages.flatMap((name, index) => {
    try {
      failpoint(name);
      return [];
    } catch {
      return [index + 1];
    }
  });
}

describe("the list of failpoints", () => {
  it("names exactly those that the code passes, each in one place", () => {
    const files = readdirSync(sources, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    const called = files.flatMap((file) => {
      const text = readFileSync(join(sources, file), "utf8");
      return [...text.matchAll(/\bfailpoint\("([^"]+)"\)/g)].map(([, name]) => name);
    });
    expect(called.sort()).toEqual(Object.keys(failpoints).sort());
  });

  it("has names that fit the ledger, and a sentence about each", () => {
    for (const [name, sentence] of Object.entries(failpoints)) {
      expect(name).toMatch(/^[a-z.]{1,24}$/);
      expect(sentence).toMatch(/^[A-Z].{20,}\.$/);
    }
  });
});

describe("a failpoint", () => {
  it("does nothing while nothing is armed", () => {
    arm();
    expect(thrown(["step", "step"])).toEqual([]);
  });

  it.each<[string, Failpoint[], number[]]>([
    ["step:2:throw", ["step", "claim", "step", "step"], [3]],
    ["*:2:throw", ["step", "claim", "step"], [2]],
    ["step:1:throw, claim:1:throw", ["claim", "step", "step", "claim"], [1, 2]],
    ["claim:1:throw", ["step", "fork"], []],
  ])("armed as %s fails at that passage, once", (text, passages, expected) => {
    arm(text);
    expect(thrown(passages)).toEqual(expected);
  });

  it("can make its thread stand still", () => {
    arm("step:1:delay=120");
    const started = performance.now();
    failpoint("step");
    expect(performance.now() - started).toBeGreaterThanOrEqual(115);
  });

  it.each([
    ["nowhere:1", /FAILPOINT: "nowhere:1" names no failpoint; there are \*, claim, /],
    ["toString:1", /names no failpoint/],
    ["step", /must be <name>:<n>/],
    ["step:0", /must be <name>:<n>/],
    ["step:1.5", /must be <name>:<n>/],
    ["step:1:kill:2", /must be <name>:<n>/],
    ["step:1:explode", /none of kill, throw and delay/],
    ["step:1:delay=", /none of kill, throw and delay/],
    ["claim:1,step:x", /FAILPOINT: "step:x"/],
  ])("that is set to %s is refused", (text, message) => {
    const refused = expect.objectContaining({ code: "BAD_INPUT", message: expect.stringMatching(message) });
    expect(() => arm(text)).toThrow(refused);
    expect(() => arm(undefined, join(directory, "no", "such", "place"))).toThrow(/FAILPOINT_LEDGER/);
  });
});

/** A process that passes `step` so often; answers how it ended and which of its passages threw. */
async function passing(times: number, env: { FAILPOINT?: string; FAILPOINT_LEDGER?: string }) {
  const code = `import { armFailpoints, armThroughLedger, failpoint } from ${JSON.stringify(pathToFileURL(built))};
    armFailpoints(process.env);
    let thrown = 0;
    for (let time = 0; time < ${times}; time++) try { failpoint("step"); } catch { thrown++; }
    console.log(thrown);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { env: { ...process.env, ...env } });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  const signal = await new Promise((resolve) => child.once("close", (_, ended) => resolve(ended)));
  return { pid: child.pid as number, signal, thrown: Number(output) };
}

describe("a ledger", () => {
  it("numbers the passages of processes that run at once, so that each number comes once", async () => {
    const FAILPOINT_LEDGER = join(directory, "shared");
    const processes = await Promise.all(
      Array.from({ length: 4 }, () => passing(500, { FAILPOINT: "*:1000:throw", FAILPOINT_LEDGER })),
    );
    expect(processes.reduce((sum, { thrown }) => sum + thrown, 0)).toBe(1);
    const passages = readLedger(FAILPOINT_LEDGER);
    expect(passages).toHaveLength(2_000);
    for (const { pid } of processes) expect(passages.filter((passage) => passage.pid === pid)).toHaveLength(500);
    expect((await stat(FAILPOINT_LEDGER)).size).toBe(2_000 * 64);
  });

  it("lets a process that is started again go on counting: it is killed at that passage only once", async () => {
    const env = { FAILPOINT: "*:3", FAILPOINT_LEDGER: join(directory, "again") };
    expect(await passing(5, env)).toMatchObject({ signal: "SIGKILL" });
    expect(readLedger(env.FAILPOINT_LEDGER)).toHaveLength(3);
    expect(await passing(5, env)).toMatchObject({ signal: null, thrown: 0 });
    expect(readLedger(env.FAILPOINT_LEDGER).map(({ name }) => name)).toEqual(Array(8).fill("step"));
  });

  it("can arm processes that run already: its numbers then count from there", () => {
    const ledger = join(directory, "armed");
    arm(undefined, ledger);
    expect(thrown(["step", "step"])).toEqual([]);
    armThroughLedger(ledger, "step:2:throw,claim:1:throw");
    expect(thrown(["step", "claim", "step", "step"])).toEqual([2, 3]);
    armThroughLedger(ledger, "*:1:throw");
    expect(thrown(["claim", "step", "step"])).toEqual([1]);
    armThroughLedger(ledger, "");
    expect(thrown(["step", "step"])).toEqual([]);
    expect(readLedger(ledger)).toHaveLength(11);
    expect(() => armThroughLedger(ledger, "nowhere:1")).toThrow(/names no failpoint/);
    expect(() => armThroughLedger(ledger, "version.register:1,".repeat(4))).toThrow(/too long/);
  });

  it("that nobody has written is empty", () => {
    expect(readLedger(join(directory, "none"))).toEqual([]);
  });
});

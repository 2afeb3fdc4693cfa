import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { badRequests, halfOpenUpgrades, sendRaw } from "../graphql/bad-requests.js";
import { type PlatformProcess, removeData, startPlatformProcess } from "./platform-process.js";

/** Throws in the platform's process, as a fault of the program would, when it is told to by a signal. */
const throwing = `data:text/javascript,${encodeURIComponent(
  'process.on("SIGUSR2", () => { throw new Error("a fault of the program"); })',
)}`;

let platform: PlatformProcess;
beforeAll(async () => {
  platform = await startPlatformProcess({ env: { NODE_OPTIONS: `--import ${throwing}` } });
});
afterAll(async () => {
  if (platform.child.exitCode === null) await platform.stop();
  await removeData(platform);
});

const port = () => Number(new URL(platform.url).port);

async function isWhole(): Promise<void> {
  expect([platform.child.exitCode, platform.child.signalCode]).toEqual([null, null]);
  const { status, body } = await platform.post("{ models { nodes { name } } workers { id } }");
  expect([status, body.data.workers.length]).toEqual([200, 1]);
  const subscription = platform.subscribe("subscription { runs { id } }", {});
  await new Promise((resolve) => setTimeout(resolve, 100));
  subscription.close();
  expect((await fetch(`${platform.url}/health/ready`)).status).toBe(200);
}

describe("the whole platform", () => {
  it("is ready", async () => {
    const deadline = Date.now() + 60_000;
    while ((await fetch(`${platform.url}/health/ready`)).status !== 200 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 100));
    await isWhole();
  });

  it("survives every bad request, and clients that are gone before the answer", async () => {
    for (const [, text] of badRequests) {
      const [waits, leaves, breaks] = await Promise.all([0, 1, 2].map(() => sendRaw(port(), text)));
      leaves?.destroy();
      breaks?.resetAndDestroy();
      waits?.resume();
      setTimeout(() => waits?.destroy(), 300);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    await isWhole();
    expect(platform.output()).not.toContain("unexpected error");
  });

  it("destroys 300 refused upgrades whose clients keep their half open", async () => {
    expect(await halfOpenUpgrades(port(), 300, 1_500)).toBe(0);
    await isWhole();
  });

  it("goes on when nobody reads what it prints any more", async () => {
    platform.child.stdout?.destroy();
    platform.child.stderr?.destroy();
    for (let count = 0; count < 3; count++)
      await platform.post("{ models { nodes { name } } }", {}, { authorization: "Bearer wrong" });
    await isWhole();
  });

  it("stops in an orderly way, with 1, on an error that nothing in it has handled", async () => {
    const exited = once(platform.child, "exit");
    platform.child.kill("SIGUSR2");
    expect(await exited).toEqual([1, null]);
    // The same data directory can be used at once: nothing was left running in it.
    const again = await startPlatformProcess({ dataDirectory: platform.dataDirectory });
    expect((await again.post("{ models { nodes { name } } }")).status).toBe(200);
    expect(await again.stop()).toBe(0);
  });
});

it.runIf(process.platform === "linux")("a log on a disk that is full ends nothing", async () => {
  const logger = fileURLToPath(new URL("../../dist/programs/create-logger.js", import.meta.url));
  const program =
    `const { createLogger } = await import(${JSON.stringify(logger)}); const logger = createLogger("t", "warn");` +
    'for (let count = 0; count < 3; count++) { logger.warn({}, "x"); await new Promise((go) => setTimeout(go, 20)); }' +
    'console.log("still here");';
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", openSync("/dev/full", "w")],
  });
  let printed = "";
  child.stdout?.on("data", (chunk) => {
    printed += chunk;
  });
  expect(await once(child, "close")).toEqual([0, null]);
  expect(printed).toBe("still here\n");
});

it("a setting that means something else is refused at the start, by its name", async () => {
  const settings = { PERENNIAL_ALLOWED_ORIGINS: "localhost:3000" };
  await expect(startPlatformProcess({ env: settings })).rejects.toThrow(
    /it ended with 1 before it was up: Perennial cannot go on: PERENNIAL_ALLOWED_ORIGINS must be origins .* not "localhost:3000"/,
  );
});

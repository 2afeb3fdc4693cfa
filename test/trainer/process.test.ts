import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const program = fileURLToPath(new URL("../../dist/programs/trainer.js", import.meta.url));

/** A trainer process without a worker that would give it a run. */
async function started() {
  const folder = await mkdtemp(join(tmpdir(), "perennial-trainer-"));
  const trainer = fork(program, ["trainer"], {
    env: { ...process.env, PERENNIAL_DATA_DIR: folder },
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const exited = once(trainer, "exit") as Promise<[number | null, string | null]>;
  const end = async () => {
    trainer.kill("SIGKILL");
    await exited;
    await rm(folder, { recursive: true });
  };
  return { trainer, exited, end };
}

it.each(["while it loads", "while it waits for its run"])("a trainer ends when its worker ends %s", async (when) => {
  const { trainer, exited, end } = await started();
  try {
    if (when !== "while it loads") {
      const [message] = await once(trainer, "message");
      expect(message).toEqual({ type: "READY" });
    }
    trainer.disconnect();
    expect(await exited).toEqual([1, null]);
  } finally {
    await end();
  }
});

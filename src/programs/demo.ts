import os from "node:os";
import path from "node:path";
import { type Client, createClient } from "../client/client.js";
import { createScreen, type Screen } from "../demo/stage/screen.js";
import { createStage, DemoFailure } from "../demo/stage/stage.js";
import { tellStory } from "../demo/story.js";
import { readConfig } from "./config.js";
import { createLogger } from "./create-logger.js";
import { startPlatform } from "./platform.js";

/** However slow the machine: a story that takes longer has come to a halt. */
const longestMs = 180_000;
/** A terminal and npm both pass one Ctrl-C on, so a second signal this soon is still the first one. */
const sameSignalMs = 500;

const examples = new URL("../../examples/digits/", import.meta.url);

/** Ends the story early; what has been started is then closed. */
interface Interruption {
  /** 128 and the signal's number, as a shell would say; undefined while nothing has happened. */
  code: number | undefined;
  /** Called once, at the first signal. */
  onInterrupt: () => void;
}

/** The first signal ends the story, the second the process. */
function listenForSignals(): Interruption {
  const interruption: Interruption = { code: undefined, onInterrupt: () => {} };
  let firstAt = 0;
  const interrupt = (code: number) => {
    if (interruption.code === undefined) {
      interruption.code = code;
      firstAt = performance.now();
      interruption.onInterrupt();
    } else if (performance.now() - firstAt > sameSignalMs) process.exit(code);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => interrupt(128 + os.constants.signals[signal]));
  // Whoever reads our output has left, as `head` does.
  process.stdout.on("error", () => interrupt(128 + os.constants.signals.SIGPIPE));
  return interruption;
}

/** A platform of the demo's own below the data directory, whatever database or bucket the environment names. */
function demoEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { DATABASE_URL: _database, PERENNIAL_S3_URL: _bucket, ...rest } = env;
  return { ...rest, PERENNIAL_DATA_DIR: path.join(readConfig(env).dataDirectory, "demo"), PORT: env.PORT || "0" };
}

/** Relative to where we are, unless it lies elsewhere. */
function shortened(directory: string): string {
  const relative = path.relative(process.cwd(), directory);
  return relative === "" || relative.startsWith("..") ? directory : relative;
}

async function demo(screen: Screen, interruption: Interruption): Promise<void> {
  const env = demoEnvironment(process.env);
  const config = readConfig(env);
  const shownDirectory = shortened(config.dataDirectory);
  const { style } = screen;
  screen.print(
    "",
    `    ${style(["bold", "green"], "Perennial")}`,
    "    Declared once, it trains, serves, and comes back stronger with new data.",
    "",
  );
  const started = performance.now();
  const logger = createLogger("perennial demo", config.logLevel);
  const platform = await startPlatform({ config, env, logger });
  let client: Client | undefined;
  try {
    if (!platform.server || interruption.code !== undefined) return;
    const { url, operatorKey } = platform.server;
    screen.value("platform", `${url}, up in ${((performance.now() - started) / 1_000).toFixed(1)} s`);
    screen.value("data", shownDirectory);
    client = createClient({ url, key: operatorKey });
    const overdue = setTimeout(() => {
      timedOut = true;
      client?.close();
    }, longestMs);
    let timedOut = false;
    interruption.onInterrupt = () => {
      screen.print("", "  Stopping …");
      client?.close();
    };
    try {
      const reopen = `PERENNIAL_DATA_DIR=${shownDirectory} npm start`;
      await tellStory(createStage({ client, screen, examples }), examples, reopen);
    } catch (error) {
      if (timedOut)
        throw new DemoFailure(`The story came to a halt: it should have ended within ${longestMs / 1_000} s.`);
      if (interruption.code === undefined) throw error;
    } finally {
      clearTimeout(overdue);
    }
  } finally {
    client?.close();
    await platform.close();
  }
}

const interruption = listenForSignals();
const screen = createScreen(process.stdout, process.env);
try {
  await demo(screen, interruption);
} catch (error) {
  console.error(`\n  ${screen.style("red", "✗")} ${(error as Error).message}`);
  process.exitCode = 1;
}
process.exitCode = interruption.code ?? process.exitCode;

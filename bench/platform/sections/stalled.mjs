import { openWriter } from "../claimed-run.mjs";
import { memoryFlags, startServer } from "../server.mjs";
import { costOfStalledSockets } from "../stalled-sockets.mjs";

/** `STALLED_SECONDS=600 npm run bench:platform -- --sections stalled` for ten minutes. */
const seconds = Number(process.env.STALLED_SECONDS ?? 30);

export const title = `A hundred subscribers that stop reading, for ${seconds} s`;

/** @param context see bench/platform/run.mjs */
export async function run({ databaseUrl, log }) {
  const url = await databaseUrl();
  const writer = await openWriter(url);
  const server = await startServer(url, memoryFlags);
  try {
    const { held, resident, alive } = await costOfStalledSockets({ server, run: await writer.startRun(), seconds });
    log("memory at its most since before they came, after collections of garbage");
    return [
      { name: "still connected at the end", value: alive, unit: "", goal: "100", holds: alive === 100 },
      { name: "more memory held", value: held / 1e6, unit: "MB", goal: "<= 20", holds: held <= 20e6 },
      { name: "more memory resident", value: resident / 1e6, unit: "MB" },
    ];
  } finally {
    await server.stop();
    await writer.close();
  }
}

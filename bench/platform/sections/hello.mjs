import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { median } from "../../engine/statistics.mjs";
import { openWriter, points } from "../claimed-run.mjs";
import { requestsPerSecond } from "../http-load.mjs";
import { startServer } from "../server.mjs";

export const title = "Reading a run by its id over HTTP, against a bare Apollo Server that says hello";

const rounds = 9;
const ms = 2_500;
const connections = 64;

/** @param context see bench/platform/run.mjs */
export async function run({ databaseUrl, log }) {
  const url = await databaseUrl();
  const writer = await openWriter(url);
  const server = await startServer(url);
  const bare = fork(fileURLToPath(new URL("../bare-apollo.mjs", import.meta.url)));
  try {
    const [{ port }] = await once(bare, "message");
    const { runId, append } = await writer.startRun();
    await append(points(1, 100));
    const query = "query ($id: ID!) { run(id: $id) { id state attempt progress { step steps } } }";
    const participants = {
      bare: { port, body: JSON.stringify({ query: "{ hello }" }), check: (text) => text.includes("world") },
      run: {
        port: Number(new URL(server.url).port),
        body: JSON.stringify({ query, variables: { id: runId } }),
        headers: { authorization: `Bearer ${server.key}` },
        check: (text) => text.includes(runId) && text.includes("RUNNING"),
      },
    };
    const measured = { bare: [], run: [] };
    // The first round warms both up.
    for (let round = 0; round <= rounds; round++)
      for (const [name, participant] of Object.entries(participants)) {
        const perSecond = await requestsPerSecond({ ...participant, connections, ms });
        if (round > 0) measured[name].push(perSecond);
      }
    const [hello, read] = [median(measured.bare), median(measured.run)];
    const ratio = median(measured.run.map((value, round) => value / measured.bare[round]));
    log(`medians of ${rounds} interleaved rounds, ${connections} connections`);
    return [
      { name: "bare Apollo, hello", value: hello, unit: "requests/s" },
      { name: "a run by its id", value: read, unit: "requests/s" },
      { name: "the second of the first", value: 100 * ratio, unit: "%", goal: ">= 70", holds: ratio >= 0.7 },
    ];
  } finally {
    bare.disconnect();
    await server.stop();
    await writer.close();
  }
}

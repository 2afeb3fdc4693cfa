// The subscribers of the fan-out section, in a process of their own. Told over IPC what to follow; tells when all are
// there, and at the end how long each update took to each of them.
import { liveMetrics, sharedClock, subscribe } from "./sockets.mjs";

const received = [];
const sockets = [];
let chained = true;

async function open({ count, url, key, runId, after }) {
  for (let index = 0; index < count; index++) {
    const times = new Map();
    received.push(times);
    let cursor = after;
    const socket = subscribe({ url, key, query: liveMetrics, variables: { runId, after } }, (batch) => {
      chained &&= batch.previousCursor === cursor;
      ({ cursor } = batch);
      const at = sharedClock();
      for (const { seq } of batch.points) times.set(seq, at);
    });
    sockets.push(socket);
    // A crowd at the door is another measurement.
    if (index % 50 === 49) await Promise.all(sockets);
  }
  await Promise.all(sockets);
  process.send({ type: "OPEN" });
}

/** @param commits [seq, instant of its commit] */
function conclude(commits) {
  const latencies = [];
  let missing = 0;
  for (const times of received)
    for (const [seq, committed] of commits) {
      const at = times.get(seq);
      if (at === undefined) missing++;
      else latencies.push(at - committed);
    }
  latencies.sort((a, b) => a - b);
  const quantile = (q) => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))];
  process.send({ type: "DONE", p50: quantile(0.5), p99: quantile(0.99), max: latencies.at(-1), missing, chained });
}

process.on("message", async (message) => {
  if (message.type === "OPEN") await open(message);
  else if (message.type === "CONCLUDE") {
    conclude(message.commits);
    for (const socket of sockets) (await socket).terminate();
    process.disconnect();
  }
});

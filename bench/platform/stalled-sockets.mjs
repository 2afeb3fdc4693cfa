import { setTimeout as delay } from "node:timers/promises";
import { points } from "./claimed-run.mjs";
import { liveMetrics, subscribe } from "./sockets.mjs";

const sockets = 100;
const stored = 10_000;

/**
 * What 100 clients that stop reading make a server hold, in bytes: they ask for a long backlog and for what
 * comes, take what the kernel's buffers take, and answer pings, so that nobody can tell them from slow ones.
 *
 * @param server see server.mjs
 * @param run see claimed-run.mjs; fresh
 */
export async function costOfStalledSockets({ server, run, seconds }) {
  const { url, key } = server;
  const variables = { runId: run.runId };
  let seq = 0;
  const write = async (count) => {
    await run.append(points(seq + 1, seq + count));
    seq += count;
  };
  while (seq < stored) await write(5_000);

  const stalled = [];
  // A client whose pongs did not come would be cut off after two intervals, and cost nothing any more.
  const answering = setInterval(() => {
    for (const socket of stalled) socket.pong();
  }, 2_000);
  let writing = true;
  const writer = (async () => {
    for (; writing; await delay(100)) await write(20);
  })();
  try {
    // Readers who read, first: what a server allocates for any traffic is no cost of those who stall.
    const readers = [];
    for (let index = 0; index < sockets; index++)
      readers.push(await subscribe({ url, key, query: liveMetrics, variables }, () => {}));
    await delay(5_000);
    for (const reader of readers) reader.terminate();
    await delay(3_000);

    const before = await server.memory();
    for (let index = 0; index < sockets; index++) {
      const socket = await subscribe({ url, key, query: liveMetrics, variables }, () => {});
      socket.pause();
      stalled.push(socket);
    }
    const most = { held: 0, resident: 0 };
    for (const end = performance.now() + seconds * 1_000; performance.now() < end; await delay(2_000)) {
      const now = await server.memory();
      for (const kind of ["held", "resident"]) most[kind] = Math.max(most[kind], now[kind] - before[kind]);
    }
    const alive = stalled.filter(({ readyState }) => readyState === 1).length;
    for (const socket of stalled) socket.terminate();
    return { ...most, alive };
  } finally {
    writing = false;
    clearInterval(answering);
    await writer;
  }
}

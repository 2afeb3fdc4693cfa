import { parentPort, threadId } from "node:worker_threads";

/** A thread that does what it is told: answers late, never, not at all, or with what it was sent before. */
const noted = [];

parentPort.on("message", ({ id, request: { act, text, milliseconds = 0 } }) => {
  if (act === "note") noted.push(text);
  else if (act === "hang") for (;;);
  else if (act === "die") process.exit(1);
  else {
    for (const until = performance.now() + milliseconds; performance.now() < until; );
    if (act === "fail") parentPort.postMessage({ id, error: { code: "BAD_INPUT", message: text } });
    else parentPort.postMessage({ id, result: { text, threadId, noted: [...noted] } });
  }
});

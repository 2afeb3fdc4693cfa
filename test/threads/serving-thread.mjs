// A thread on the built code that does what each request says.
import { parentPort, threadId } from "node:worker_threads";
import { PlatformError } from "../../dist/errors.js";
import { serveThread } from "../../dist/threads/serve-thread.js";

const posted = [];

serveThread(parentPort, async ({ act, text = "", milliseconds = 0, bytes }) => {
  if (act === "post") posted.push(text);
  if (act === "hang") for (;;);
  if (act === "exit") process.exit(7);
  if (act === "crash") setImmediate(() => null.property);
  if (act === "refuse") throw new PlatformError("BAD_INPUT", text);
  if (act === "fail") throw new RangeError(text);
  if (act === "unclonable") return { result: () => text };
  if (act === "transfer") return { result: { bytes }, transfer: [bytes.buffer] };
  await new Promise((resolve) => setTimeout(resolve, act === "crash" ? 60_000 : milliseconds));
  return { result: { text, threadId, posted: [...posted] } };
});

// A process that starts a thread, calls it once and has nothing else to do.
import { createThread } from "../../dist/threads/thread.js";

const thread = createThread({ url: new URL("./serving-thread.mjs", import.meta.url) });
const { text } = await Promise.all([
  thread.call({ act: "echo", text: "answered" }),
  // A call does not keep the process alive either; this does until it is answered.
  new Promise((resolve) => setTimeout(resolve, 1_000)),
]).then(([answer]) => answer);
console.log(text);

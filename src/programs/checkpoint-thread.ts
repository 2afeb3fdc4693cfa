import { parentPort } from "node:worker_threads";
import { armFailpoints } from "../failpoint.js";
import { serveCheckpoints } from "../trainer/checkpoint-thread.js";
import { readConfig } from "./config.js";
import { openPrivateStore } from "./store.js";

/** Composition root of the thread that stores a trainer's checkpoints. */
if (!parentPort) throw new Error("this program is a thread of a trainer");
armFailpoints(process.env);
serveCheckpoints(parentPort, () => openPrivateStore(readConfig(process.env)));

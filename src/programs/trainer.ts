import path from "node:path";
import { createProgramCache } from "../engine/onnx/run/program-cache.js";
import { armFailpoints } from "../failpoint.js";
import { serveTrainer } from "../trainer/process.js";
import { createExecutor } from "./compute.js";
import { readConfig } from "./config.js";
import { openPrivateStore } from "./store.js";

/** Composition root of a trainer, started by a worker. */
armFailpoints(process.env);
const config = readConfig(process.env);
const programs = createProgramCache({ directory: path.join(config.dataDirectory, "programs") });
await serveTrainer({
  store: () => openPrivateStore(config),
  executor: (device, threads) => createExecutor(config, device, threads, programs),
  // TensorFlow takes its number of threads when it is loaded, and that is known only with the run.
  rehearsal: createExecutor(
    config.executor === "tensorflow" ? { executor: "compiled" } : config,
    { provider: "cpu", uuid: null },
    1,
  ),
  onAssigned: (runId) => {
    process.title = `perennial trainer ${runId}`;
  },
});

import path from "node:path";
import { loadOrCreateOperatorKey } from "./auth/operator-key.js";
import { createExecutor } from "./compute.js";
import { readConfig } from "./config.js";
import { createProgramCache } from "./engine/onnx/program-cache.js";
import { openStore } from "./store.js";
import { serveTrainer } from "./trainer/process.js";

/** Composition root of a trainer, started by a worker. */
const config = readConfig(process.env);
const programs = createProgramCache({ directory: path.join(config.dataDirectory, "programs") });
await serveTrainer({
  store: async () =>
    openStore(config, config.operatorKey ?? (await loadOrCreateOperatorKey(config.dataDirectory)), () => ""),
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

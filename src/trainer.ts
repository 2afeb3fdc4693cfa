import { loadOrCreateOperatorKey } from "./auth/operator-key.js";
import { readConfig } from "./config.js";
import { createEagerExecutor } from "./engine/eager-executor.js";
import { createOnnxExecutor } from "./engine/onnx/onnx-executor.js";
import { openStore } from "./store.js";
import { serveTrainer } from "./trainer/process.js";

/** Composition root of a trainer, started by a worker. */
const config = readConfig(process.env);
await serveTrainer({
  store: async () =>
    openStore(config, config.operatorKey ?? (await loadOrCreateOperatorKey(config.dataDirectory)), () => ""),
  executor: (threads) =>
    config.executor === "eager" ? createEagerExecutor() : createOnnxExecutor({ provider: "cpu", threads }),
  onAssigned: (runId) => {
    process.title = `perennial trainer ${runId}`;
  },
});

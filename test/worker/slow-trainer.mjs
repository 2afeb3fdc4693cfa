// The real trainer with a thread that stands still for a while, when delays.mjs says so.

import { createOnnxExecutor } from "../../dist/engine/onnx/run/onnx-executor.js";
import { readConfig } from "../../dist/programs/config.js";
import { openPrivateStore } from "../../dist/programs/store.js";
import { serveTrainer } from "../../dist/trainer/process.js";
import { readDelays, writeDelays } from "./delays.mjs";

const config = readConfig(process.env);
const stopwatch = new Int32Array(new SharedArrayBuffer(4));

function slow(executor) {
  return {
    ...executor,
    async load(graph) {
      const executable = await executor.load(graph);
      const run = executable.run.bind(executable);
      let calls = 0;
      executable.run = (inputs) => {
        calls += 1;
        const { kind, call, ms, count, each } = readDelays(config.dataDirectory);
        if (count > 0 && graph.name.startsWith(kind) && calls >= call) {
          writeDelays(config.dataDirectory, { kind, call, ms, count: count - 1, each });
          // Not a timer: no message comes in or goes out meanwhile.
          Atomics.wait(stopwatch, 0, 0, ms);
        } else if (each > 0) Atomics.wait(stopwatch, 0, 0, each);
        return run(inputs);
      };
      return executable;
    },
  };
}

await serveTrainer({
  store: () => openPrivateStore(config),
  executor: (_device, threads) => slow(createOnnxExecutor({ provider: "cpu", threads })),
  rehearsal: createOnnxExecutor({ provider: "cpu" }),
  onAssigned: (runId) => {
    process.title = `perennial trainer ${runId}`;
  },
});

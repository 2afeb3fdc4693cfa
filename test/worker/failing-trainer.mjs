// The real trainer with an executor that fails in the middle of an epoch, as the file `failures` in its data directory
// tells it: a way to fail, and how often.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createOnnxExecutor } from "../../dist/engine/onnx/run/onnx-executor.js";
import { PlatformError } from "../../dist/errors.js";
import { readConfig } from "../../dist/programs/config.js";
import { openPrivateStore } from "../../dist/programs/store.js";
import { serveTrainer } from "../../dist/trainer/process.js";

const config = readConfig(process.env);
const plan = path.join(config.dataDirectory, "failures");
/** More steps than a trainer makes to warm up, and no whole number of epochs. */
const stepsBefore = 20;

const ways = {
  runtime: () => {
    throw new PlatformError("EXECUTOR_FAILED", "ONNX Runtime failed: bad_alloc");
  },
  unexpected: () => {
    throw new RangeError("Array buffer allocation failed");
  },
  broken: () => {
    throw new PlatformError("EXECUTOR_FAILED", "ONNX Runtime failed: a node is missing");
  },
  varied: (count) => {
    throw new PlatformError("EXECUTOR_FAILED", `fault ${count}`);
  },
  killed: () => process.kill(process.pid, "SIGKILL"),
  refused: () => {
    throw new PlatformError("BAD_INPUT", "these rows do not fit");
  },
};

function failing(executor) {
  return {
    ...executor,
    async load(graph) {
      const executable = await executor.load(graph);
      const run = executable.run.bind(executable);
      let steps = 0;
      executable.run = (inputs) => {
        if (++steps > stepsBefore && graph.name.startsWith("training step")) {
          const [way, count] = readFileSync(plan, "utf8").split(" ");
          if (count > 0) {
            writeFileSync(plan, `${way} ${count - 1}`);
            ways[way](count);
          }
        }
        return run(inputs);
      };
      return executable;
    },
  };
}

await serveTrainer({
  store: () => openPrivateStore(config),
  executor: (_device, threads) => failing(createOnnxExecutor({ provider: "cpu", threads })),
  rehearsal: createOnnxExecutor({ provider: "cpu" }),
  onAssigned: () => {},
});

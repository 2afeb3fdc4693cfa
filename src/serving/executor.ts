import { createEagerExecutor } from "../engine/eager/eager-executor.js";
import type { Executor } from "../engine/graphs/executor.js";
import { createOnnxExecutor } from "../engine/onnx/run/onnx-executor.js";
import { PlatformError } from "../errors.js";

/** Compiles graphs. A graph that cannot be compiled is executed eagerly, which is slow and gives the same results. */
export function createServingExecutor(): Executor {
  const compiled = createOnnxExecutor({ provider: "cpu", threads: 1 });
  const eager = createEagerExecutor();
  return {
    name: compiled.name,
    runtime: compiled.runtime,
    async load(graph) {
      try {
        return await compiled.load(graph);
      } catch (error) {
        if (error instanceof PlatformError && error.code === "UNSUPPORTED") return eager.load(graph);
        throw error;
      }
    },
  };
}

import type { ModelSpec } from "../../language/models/model.js";
import { checkTensors, type Executor, type State } from "../graphs/executor.js";
import { predictionGraph } from "../networks/inference-graphs.js";
import { batchesOf, checkRows, rowsOf } from "../tensors/batches.js";
import { elementCount } from "../tensors/initializers.js";
import { predictionBatchSizes } from "./prediction-batches.js";
import { Programs } from "./programs.js";

/** A trained model, ready to answer. */
export interface Predictor {
  /**
   * The network's outputs [rows, width] for preprocessed rows [rows, ...inputShape], both row-major. Any count of rows;
   * 0 rows give an empty answer. Calls may overlap.
   * @throws PlatformError BAD_INPUT when `x` does not hold `rows` rows.
   */
  predict(x: Float32Array, rows: number): Promise<Float32Array>;
  /** Releases what was loaded, once every call that came before is answered. Nothing may be asked afterwards. */
  dispose(): Promise<void>;
}

/**
 * @param parameters the model's parameters; optimizer slots must have been left out (`splitState`).
 * @throws PlatformError BAD_INPUT when a parameter is missing, unknown or of the wrong size.
 */
export function createPredictor(model: ModelSpec, parameters: State, executor: Executor): Predictor {
  checkTensors(predictionGraph(model, 1).state, parameters, true);
  const programs = new Programs(executor, (batchSize) => predictionGraph(model, batchSize), parameters);
  const inputWidth = elementCount(model.inputShape);
  const outputWidth = model.target.width;
  // Executables must not be called before they have answered: predictions wait in line.
  let last: Promise<unknown> = Promise.resolve();

  async function predict(x: Float32Array, rows: number): Promise<Float32Array> {
    const predictions = new Float32Array(rows * outputWidth);
    for (const batch of batchesOf(rows, predictionBatchSizes)) {
      const program = await programs.at(batch.size);
      const outputs = await program.run({ x: rowsOf(x, inputWidth, batch) });
      const values = outputs.predictions as Float32Array;
      predictions.set(values.subarray(0, batch.count * outputWidth), batch.start * outputWidth);
    }
    return predictions;
  }

  return {
    async predict(x, rows) {
      checkRows("x", x, rows, model.inputShape);
      const turn = last.then(() => predict(x, rows));
      last = turn.catch(() => undefined);
      return turn;
    },
    dispose: () => last.then(() => programs.dispose()),
  };
}

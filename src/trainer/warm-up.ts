import type { Executor } from "../engine/graphs/executor.js";
import { createTrainingProgram } from "../engine/programs/training-program.js";
import { resolveOptimizer } from "../language/algorithms/resolve-optimizer.js";
import type { Feature } from "../language/datasets/dataset.js";
import { resolveModel } from "../language/models/resolve-model.js";
import { currentSemantics } from "../language/training/training.js";
import { readSegment, writeSegment } from "../segments/segment.js";

const rows = 4;

/**
 * Trains a tiny model, so that DuckDB is loaded and the numerics are compiled. The process does this while it waits for its
 * run, so that the first step of the run comes sooner.
 */
export async function warmUp(executor: Executor): Promise<void> {
  const number = { type: "NUMBER" as const, description: "", categories: [], shape: [] };
  const features: Feature[] = [
    { ...number, name: "x" },
    { ...number, name: "y" },
  ];
  const columns = new Map(features.map(({ name }) => [name, new Float64Array(rows)]));
  await readSegment(features, (await writeSegment(features, { rowCount: rows, columns })).bytes);

  const split = { train: 1, validation: 0, test: 0, key: null, seed: 0 };
  const dataset = { name: "warm", description: "", features, split };
  const layers = [{ dense: { units: 2, activation: "RELU" as const } }];
  const model = resolveModel({ name: "warm", dataset: "warm", target: "y", layers }, dataset).spec;
  const optimizer = resolveOptimizer({ name: "warm", algorithm: { adam: {} } }).spec;
  if (!model || !optimizer) throw new Error("the model to warm up with is not declared well");
  const options = { model, optimizer, executor, batchSize: rows, seed: 0, semantics: currentSemantics };
  const program = await createTrainingProgram(options);
  const batch = { x: new Float32Array(rows), y: new Float32Array(rows), count: rows };
  for (let stepIndex = 0; stepIndex < 3; stepIndex++) await program.step({ ...batch, stepIndex });
  await program.evaluate(batch);
  program.dispose();
}

import { PlatformError } from "../errors.js";
import type { ModelSpec } from "../spec/model.js";
import type { OptimizerSpec } from "../spec/optimizer.js";
import { type Batch, batchesOf, checkRows, presence, rowsOf } from "./batches.js";
import { checkTensors, type Executor, type State, type TensorValues } from "./executor.js";
import { randomTensors } from "./forward.js";
import { evaluationGraph } from "./inference-graphs.js";
import { sizeOf } from "./initializers.js";
import { updateRule } from "./optimizers/optimizer.js";
import { modelParameters } from "./parameters.js";
import { Programs } from "./programs.js";
import { dropoutMask, randomKey } from "./random.js";
import { learningRate } from "./schedules.js";
import { initialState } from "./state.js";
import { trainingGraph } from "./training-graph.js";

/** `count` preprocessed rows: `x` [count, ...inputShape] and encoded targets `y` [count, width], both row-major. */
export interface Rows {
  x: Float32Array;
  y: Float32Array;
  count: number;
}

export interface StepResult {
  /** Mean loss of the batch plus regularization, before the update. NaN or infinite when training diverges. */
  loss: number;
  learningRate: number;
  /** [count, width], made before the update with dropout active. */
  predictions: Float32Array;
}

export interface EvaluationResult {
  /** Mean loss of the rows plus regularization. */
  loss: number;
  /** [count, width]. */
  predictions: Float32Array;
}

export interface TrainingProgramOptions {
  model: ModelSpec;
  optimizer: OptimizerSpec;
  batchSize: number;
  seed: number;
  executor: Executor;
  /** A state read with `state()`, or made with `initialState`; by default the untrained model's. */
  state?: State;
}

/**
 * Trains and evaluates one model. What a step does depends on nothing but the options, its step index, the state and the
 * batch: a program that is given the state of another continues it bit for bit. Calls must not overlap.
 */
export interface TrainingProgram {
  /**
   * One optimizer step on 1 to `batchSize` rows; a partial batch counts as if it were compiled for its own size.
   * @param stepIndex counted from 0 over the whole run: decides dropout, learning rate and bias correction.
   * @throws PlatformError BAD_INPUT when the rows do not fit; the state is then untouched.
   */
  step(rows: Rows & { stepIndex: number }): Promise<StepResult>;
  /** Loss and predictions for any number of rows with the current parameters. @throws PlatformError BAD_INPUT for none. */
  evaluate(rows: Rows): Promise<EvaluationResult>;
  /** Everything that training changes; see `splitState`. */
  state(): Promise<State>;
  /** @throws PlatformError BAD_INPUT when a tensor is missing, unknown or of the wrong size; the state is then untouched. */
  restore(state: State): Promise<void>;
  dispose(): void;
}

/** Batch sizes of evaluation; its results do not depend on them. */
const evaluationSizes = [32, 256] as const;

/** @throws PlatformError BAD_INPUT when `state` does not fit the model and the optimizer. */
export async function createTrainingProgram(options: TrainingProgramOptions): Promise<TrainingProgram> {
  const { model, optimizer, batchSize, seed, executor } = options;
  const graph = trainingGraph(model, optimizer, batchSize);
  const first = options.state ?? initialState(model, optimizer, seed);
  checkTensors(graph.state, first, true);
  const training = await executor.load(graph);
  await training.writeState(first);

  const rule = updateRule(optimizer.algorithm);
  const masks = randomTensors(model, batchSize);
  const parameterNames = modelParameters(model).map(({ name }) => name);
  const inputWidth = sizeOf(model.inputShape);
  const outputWidth = model.target.width;
  const evaluation = new Programs(executor, (size) => evaluationGraph(model, size), {});
  // Evaluation keeps its own copy of the parameters, brought up to date only when training has changed them.
  let evaluationIsCurrent = false;

  function batchInputs({ x, y }: Rows, batch: Batch): TensorValues {
    return { x: rowsOf(x, inputWidth, batch), y: rowsOf(y, outputWidth, batch), weight: presence(batch) };
  }

  function check({ x, y, count }: Rows): void {
    if (!Number.isInteger(count) || count < 1)
      throw new PlatformError("BAD_INPUT", `"count" is ${count}, not 1 or more.`);
    checkRows("x", x, count, model.inputShape);
    checkRows("y", y, count, [outputWidth]);
  }

  return {
    async step(rows) {
      check(rows);
      const { count, stepIndex } = rows;
      if (count > batchSize)
        throw new PlatformError("BAD_INPUT", `"count" is ${count}, more than a batch of ${batchSize}.`);
      const inputs = batchInputs(rows, { start: 0, count, size: batchSize });
      const rate = learningRate(optimizer.learningRate, stepIndex);
      for (const [name, value] of Object.entries(rule.scalarValues(rate, stepIndex))) {
        inputs[`optimizer/${name}`] = Float32Array.of(value);
      }
      for (const mask of masks) {
        inputs[mask.name] = dropoutMask(randomKey(seed, mask.name, stepIndex), sizeOf(mask.shape), mask.rate);
      }
      evaluationIsCurrent = false;
      const outputs = await training.run(inputs);
      const { loss, predictions } = outputs as { loss: Float32Array; predictions: Float32Array };
      return { loss: loss[0] as number, learningRate: rate, predictions: predictions.subarray(0, count * outputWidth) };
    },

    async evaluate(rows) {
      check(rows);
      if (!evaluationIsCurrent) await evaluation.write(await training.readState(parameterNames));
      evaluationIsCurrent = true;
      const predictions = new Float32Array(rows.count * outputWidth);
      let sum = 0;
      let regularization = 0;
      for (const batch of batchesOf(rows.count, evaluationSizes)) {
        const program = await evaluation.at(batch.size);
        const outputs = (await program.run(batchInputs(rows, batch))) as Record<
          "losses" | "regularization" | "predictions",
          Float32Array
        >;
        for (const loss of outputs.losses.subarray(0, batch.count)) sum += loss;
        regularization = outputs.regularization[0] as number;
        const start = batch.start * outputWidth;
        predictions.set(outputs.predictions.subarray(0, batch.count * outputWidth), start);
      }
      return { loss: sum / rows.count + regularization, predictions };
    },

    state: () => training.readState(),

    async restore(state) {
      checkTensors(graph.state, state, true);
      evaluationIsCurrent = false;
      await training.writeState(state);
    },

    dispose() {
      training.dispose();
      evaluation.dispose();
    },
  };
}

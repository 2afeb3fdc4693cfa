import { PlatformError } from "../../errors.js";
import type { OptimizerSpec } from "../../language/algorithms/optimizer.js";
import type { ModelSpec } from "../../language/models/model.js";
import type { TrainingSemantics } from "../../language/training/training.js";
import { checkTensors, type Executor, type State, type TensorValues } from "../graphs/executor.js";
import { rowCounting } from "../graphs/row-counting.js";
import { modelParameters } from "../layers/parameters.js";
import { checkTargets } from "../losses/targets.js";
import { randomTensors } from "../networks/forward.js";
import { evaluationGraph } from "../networks/inference-graphs.js";
import { initialState } from "../networks/state.js";
import { slotName, trainingGraph } from "../networks/training-graph.js";
import { averageSlot, createOptimizer } from "../optimizers/optimizer.js";
import { learningRate } from "../optimizers/schedules.js";
import { type Batch, batchesOf, checkRows, presence, rowsOf } from "../tensors/batches.js";
import { elementCount } from "../tensors/initializers.js";
import { draw, randomKey } from "../tensors/random.js";
import { Programs } from "./programs.js";
import type { RowSource, Rows } from "./row-source.js";

export type { Rows } from "./row-source.js";

export interface StepResult {
  /** Mean weighted loss of the batch plus regularization, before the update. NaN or infinite when training diverges. */
  loss: number;
  learningRate: number;
  /** [count, width], made before the update with dropout active. */
  predictions: Float32Array;
}

export interface EvaluationResult {
  /** Mean weighted loss of the rows plus regularization; NaN where it is not defined. */
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
  /** How rows are counted. */
  semantics: TrainingSemantics;
  /** Steps of each epoch, which ends with an update where gradients are accumulated; default: one epoch without an end. */
  stepsPerEpoch?: number;
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
   * @param stepIndex counted from 0 over the whole run: decides dropout, learning rate, bias correction and, where
   * gradients are accumulated, whether an update is made. Only the last batch of an epoch may then be partial.
   * @param learningRate in place of the schedule's, for one that depends on what has been measured.
   * @throws PlatformError BAD_INPUT when the rows do not fit or the loss has no meaning for their targets; the state is
   * then untouched.
   */
  step(rows: Rows & { stepIndex: number; learningRate?: number }): Promise<StepResult>;
  /**
   * Loss and predictions for any number of rows with the current parameters, or with their moving averages where the
   * optimizer follows them. @throws PlatformError BAD_INPUT for none, and as `step` does.
   */
  evaluate(rows: Rows): Promise<EvaluationResult>;
  /**
   * `evaluate` without all rows and predictions in memory at once.
   * @param each is called with the predictions of each batch, [count, width], and the number of its first row.
   * @returns the loss.
   */
  evaluateSource(source: RowSource, each: (predictions: Float32Array, firstRow: number) => void): Promise<number>;
  /** Everything that training changes (see `splitState`), or the tensors of those names alone. */
  state(names?: readonly string[]): Promise<State>;
  /** The named tensors of the state for who only looks, before the next call: with no copy where the numbers are at hand. */
  peek(names: readonly string[]): Promise<Readonly<State>>;
  /** How many numbers each tensor of the state has. */
  readonly stateSizes: Readonly<Record<string, number>>;
  /** Copies the named tensors of the state into arrays of their sizes, which is cheaper than `state`. */
  copyState(into: State): Promise<void>;
  /** @throws PlatformError BAD_INPUT when a tensor is missing, unknown or of the wrong size; the state is then untouched. */
  restore(state: State): Promise<void>;
  dispose(): void;
}

/** Batch sizes of evaluation; its results do not depend on them. */
const evaluationSizes = [32, 256] as const;

/** @throws PlatformError BAD_INPUT when `state` does not fit the model and the optimizer. */
export async function createTrainingProgram(options: TrainingProgramOptions): Promise<TrainingProgram> {
  const { model, optimizer, batchSize, seed, executor, semantics } = options;
  const { stepsPerEpoch = Number.MAX_SAFE_INTEGER } = options;
  const counting = rowCounting(semantics);
  const batches = { batchSize, stepsPerEpoch, accumulated: optimizer.gradientAccumulationSteps };
  const graph = trainingGraph(model, optimizer, batchSize, semantics);
  const first = options.state ?? initialState(model, optimizer, seed);
  checkTensors(graph.state, first, true);
  const training = await executor.load(graph);
  await training.writeState(first);

  const { scalarValues } = createOptimizer(optimizer, counting);
  const masks = randomTensors(model, batchSize);
  /** Where the state has what a parameter is evaluated with. */
  const evaluated = modelParameters(model).map(({ name, trainable }) => ({
    name,
    source: optimizer.ema && trainable ? slotName(averageSlot, name) : name,
  }));
  const inputWidth = elementCount(model.inputShape);
  const outputWidth = model.target.width;
  const evaluation = new Programs(executor, (size) => evaluationGraph(model, size), {});
  // Evaluation keeps its own copy of the parameters, brought up to date only when training has changed them.
  let evaluationIsCurrent = false;

  function batchInputs({ x, y, weight }: Rows, batch: Batch): TensorValues {
    return {
      x: rowsOf(x, inputWidth, batch),
      y: rowsOf(y, outputWidth, batch),
      weight: weight ? rowsOf(weight, 1, batch) : presence(batch),
    };
  }

  function check({ x, y, count, weight }: Rows): void {
    if (!Number.isInteger(count) || count < 1)
      throw new PlatformError("BAD_INPUT", `"count" is ${count}, not 1 or more.`);
    checkRows("x", x, count, model.inputShape);
    checkRows("y", y, count, [outputWidth]);
    checkTargets(model, y);
    if (!weight) return;
    checkRows("weight", weight, count, []);
    const wrong = weight.findIndex((value) => !(value >= 0 && value < Number.POSITIVE_INFINITY));
    if (wrong >= 0)
      throw new PlatformError(
        "BAD_INPUT",
        `"weight" must be finite and at least 0, and row ${wrong} has ${weight[wrong]}.`,
      );
  }

  /** The loss of rows whose batches `inputsOf` gives; `each` takes their predictions. */
  async function evaluateBatches(
    rows: Pick<RowSource, "count" | "weight">,
    inputsOf: (batch: Batch) => TensorValues,
    each: (predictions: Float32Array, firstRow: number) => void,
  ): Promise<number> {
    if (!evaluationIsCurrent) {
      const read = await training.readState(evaluated.map(({ source }) => source));
      await evaluation.write(
        Object.fromEntries(evaluated.map(({ name, source }) => [name, read[source] as Float32Array])),
      );
    }
    evaluationIsCurrent = true;
    let sum = 0;
    let regularization = 0;
    for (const batch of batchesOf(rows.count, evaluationSizes)) {
      const program = await evaluation.at(batch.size);
      const outputs = (await program.run(inputsOf(batch))) as Record<
        "losses" | "regularization" | "predictions",
        Float32Array
      >;
      for (const loss of outputs.losses.subarray(0, batch.count)) sum += loss;
      regularization = outputs.regularization[0] as number;
      each(outputs.predictions.subarray(0, batch.count * outputWidth), batch.start);
    }
    return counting.definesLoss(rows.weight) ? sum / counting.divisor(rows) + regularization : Number.NaN;
  }

  return {
    async step(rows) {
      check(rows);
      const { count, stepIndex } = rows;
      if (count > batchSize)
        throw new PlatformError("BAD_INPUT", `"count" is ${count}, more than a batch of ${batchSize}.`);
      const place = counting.updateStep(stepIndex, count, batches);
      const batch = { start: 0, count, size: batchSize };
      const inputs = { ...batchInputs(rows, batch), ...counting.inputValues(batch) };
      const rate = rows.learningRate ?? learningRate(optimizer.learningRate, stepIndex);
      for (const [name, value] of Object.entries(scalarValues(rate, place))) {
        inputs[`optimizer/${name}`] = Float32Array.of(value);
      }
      for (const mask of masks) {
        inputs[mask.name] = draw(randomKey(seed, mask.name, stepIndex), elementCount(mask.shape), mask);
      }
      evaluationIsCurrent = false;
      const outputs = await training.run(inputs);
      const { loss, predictions } = outputs as { loss: Float32Array; predictions: Float32Array };
      return { loss: loss[0] as number, learningRate: rate, predictions: predictions.subarray(0, count * outputWidth) };
    },

    async evaluate(rows) {
      check(rows);
      const predictions = new Float32Array(rows.count * outputWidth);
      const loss = await evaluateBatches(
        rows,
        (batch) => batchInputs(rows, batch),
        (part, firstRow) => predictions.set(part, firstRow * outputWidth),
      );
      return { loss, predictions };
    },

    async evaluateSource(source, each) {
      const inputsOf = ({ start, count, size }: Batch) => {
        const rows = source.take(Uint32Array.from({ length: count }, (_, index) => start + index));
        check(rows);
        return batchInputs(rows, { start: 0, count, size });
      };
      return evaluateBatches(source, inputsOf, each);
    },

    state: (names) => training.readState(names),
    peek: (names) => training.peekState(names),
    stateSizes: Object.fromEntries(graph.state.map(({ name, shape }) => [name, elementCount(shape)])),
    copyState: (into) => training.copyState(into),

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

import { float, integer, largeInteger, listOf, nullable, object, shape, text, type ValueOf } from "../fields/shape.js";

export const plannedLayer = shape("PlannedLayer", "One layer of a planned training.", {
  path: text("Where it was declared, such as `layers[1]`; `inputs` and `output` are the platform's own."),
  name: text("The layer's name."),
  type: text("Its kind, such as `dense`."),
  outputShape: listOf(integer("What it makes of one row."), 3),
  parameters: largeInteger("Its weights, trainable or not."),
  flops: nullable(
    largeInteger(
      "Floating-point operations of its forward pass for one batch; null where the step cannot be compiled.",
    ),
  ),
});

export const plannedLearningRate = shape("PlannedLearningRate", "The learning rate of one step.", {
  step: integer("Counted from 1."),
  value: float("The learning rate."),
});

export const plannedExecutor = shape("PlannedExecutor", "What would compute the steps.", {
  name: text(
    "Such as `onnx-cpu-1`: compiled, on the CPU, with one thread; `none` where no live worker offers what is asked for, or the step cannot be compiled.",
  ),
  reason: text("Why this one, for people."),
});

export const unsupportedKernel = shape(
  "UnsupportedKernel",
  "An operation that cannot be compiled, or the one that there was no room for after 100,000 others.",
  {
    path: nullable(text("The layer that needs it; null: the loss or the optimizer does.")),
    kernel: text("Its name in TensorFlow.js."),
  },
);

/** What a training would be, without what it would be made from. */
export const trainingPlan = shape("TrainingPlan", "What a training would be.", {
  stepsPerEpoch: integer("Batches in one pass over the training rows: the steps of an epoch."),
  steps: largeInteger("Batches in all epochs; early stopping may end it before."),
  updates: largeInteger(
    "Updates of the weights in all epochs: as many as `steps`, fewer where the optimizer accumulates gradients. Each epoch ends with one.",
  ),
  batchSize: integer("Rows of one step; the last of an epoch may have fewer."),
  parameters: largeInteger("Weights of the network, trainable or not."),
  trainableParameters: largeInteger("Weights that the optimizer changes."),
  layers: listOf(object(plannedLayer, "From input to output."), 50),
  flopsPerStep: nullable(
    largeInteger(
      "Floating-point operations of the compiled step: forward pass, gradients, loss and update; null where it cannot be compiled.",
    ),
  ),
  memoryBytes: nullable(
    largeInteger(
      "Estimate of a step's memory: parameters and optimizer slots, old and new; the batch; and the most activations and gradients that are alive at the same time. Null where the step cannot be compiled.",
    ),
  ),
  peakMemoryBytes: nullable(
    largeInteger(
      "Estimate of the most memory that the trainer's process takes: a step, the rows, what is encoded of them, evaluation, and the program itself. Null where the step cannot be compiled.",
    ),
  ),
  learningRate: listOf(
    object(
      plannedLearningRate,
      "The schedule at no more than 200 steps, the first and the last among them. One that follows a metric starts like this.",
    ),
    200,
  ),
  executor: object(plannedExecutor, "What would compute the steps."),
  unsupported: listOf(object(unsupportedKernel, "What cannot be compiled; as a rule nothing."), 5),
});

export type TrainingPlanShape = ValueOf<typeof trainingPlan>;
export type PlannedLayer = ValueOf<typeof plannedLayer>;

import { Field, Float, Int, ObjectType } from "type-graphql";
import { DatasetVersion } from "../../entities/dataset.js";
import { Cost } from "../../entities/field-cost.js";
import { ModelRevision } from "../../entities/model.js";
import { OptimizerRevision } from "../../entities/optimizer.js";
import { Int64Scalar } from "../../entities/scalars.js";
import type { PlannedTraining } from "../context.js";
import { Payload } from "./problem.js";

@ObjectType({ description: "One layer of a planned training." })
export class PlannedLayer {
  @Field({
    description: "Path in the declaration, such as `layers[1]`; `inputs` and `output` are added by the platform.",
  })
  path!: string;

  @Field({ description: "Name of the layer." })
  name!: string;

  @Field({ description: "Type of the layer, such as `dense`." })
  type!: string;

  @Cost({ length: 3 })
  @Field(() => [Int], { description: "Shape of its output, without the batch axis." })
  outputShape!: number[];

  @Field(() => Int64Scalar, { description: "Number of its parameters, trainable or not." })
  parameters!: number;

  @Field(() => Int64Scalar, {
    nullable: true,
    description: "Floating-point operations of its forward pass for one batch; null when the step cannot be compiled.",
  })
  flops!: number | null;
}

@ObjectType({ description: "The learning rate of one step." })
export class PlannedLearningRate {
  @Field(() => Int, { description: "Number of the step, from 1." })
  step!: number;

  @Field(() => Float, { description: "The learning rate." })
  value!: number;
}

@ObjectType({ description: "The executor that would compute the steps." })
export class PlannedExecutor {
  @Field({
    description:
      "Such as `onnx-cpu-1` (compiled, CPU, one thread); `none` when no live worker offers the device or the step cannot be compiled.",
  })
  name!: string;

  @Field({ description: "Why this executor was chosen, in plain text." })
  reason!: string;
}

@ObjectType({
  description: "An operation that cannot be compiled, or the first one beyond the limit of 100,000.",
})
export class UnsupportedKernel {
  @Field(() => String, {
    nullable: true,
    description: "Path of the layer that needs it; null when the loss or the optimizer does.",
  })
  path!: string | null;

  @Field({ description: "Name of the TensorFlow.js kernel." })
  kernel!: string;
}

@ObjectType({ description: "Description of a training before it is queued." })
export class TrainingPlan implements PlannedTraining {
  @Field(() => DatasetVersion, { description: "The dataset version it would train on." })
  datasetVersion!: DatasetVersion;

  @Field(() => ModelRevision, { description: "The model revision that would be trained." })
  modelRevision!: ModelRevision;

  @Field(() => OptimizerRevision, { description: "The optimizer revision that would be used." })
  optimizerRevision!: OptimizerRevision;

  @Field(() => Int, { description: "Optimizer steps per epoch." })
  stepsPerEpoch!: number;

  @Field(() => Int64Scalar, { description: "Optimizer steps of all epochs; early stopping may end the run earlier." })
  steps!: number;

  @Field(() => Int64Scalar, {
    description:
      "Updates of the weights in all epochs: equal to `steps`, or fewer with gradient accumulation. Every epoch ends with an update.",
  })
  updates!: number;

  @Field(() => Int, { description: "Rows per step; the last step of an epoch may have fewer." })
  batchSize!: number;

  @Field(() => Int64Scalar, { description: "Number of parameters, trainable or not." })
  parameters!: number;

  @Field(() => Int64Scalar, { description: "Number of trainable parameters." })
  trainableParameters!: number;

  @Cost({ length: 50 })
  @Field(() => [PlannedLayer], { description: "The layers, from input to output." })
  layers!: PlannedLayer[];

  @Field(() => Int64Scalar, {
    nullable: true,
    description:
      "Floating-point operations of one step: forward pass, loss, gradients and update; null when the step cannot be compiled.",
  })
  flopsPerStep!: number | null;

  @Field(() => Int64Scalar, {
    nullable: true,
    description:
      "Estimated memory of one step in bytes: parameters and optimizer state (old and new), batch, activations and gradients; null when the step cannot be compiled.",
  })
  memoryBytes!: number | null;

  @Cost({ length: 200 })
  @Field(() => [PlannedLearningRate], {
    description:
      "The learning rate at up to 200 steps, including the first and the last. For `reduceOnPlateau` the rate before any reduction.",
  })
  learningRate!: PlannedLearningRate[];

  @Field(() => PlannedExecutor, { description: "The executor that would compute the steps." })
  executor!: PlannedExecutor;

  @Cost({ length: 5 })
  @Field(() => [UnsupportedKernel], { description: "Operations that cannot be compiled; usually empty." })
  unsupported!: UnsupportedKernel[];
}

@ObjectType({ description: "The result of `planTraining`." })
export class PlanTrainingPayload extends Payload {
  @Field(() => TrainingPlan, { nullable: true, description: "The plan; null when there are problems." })
  plan?: TrainingPlan;
}

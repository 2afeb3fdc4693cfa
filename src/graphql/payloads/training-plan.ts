import { Field, Float, Int, ObjectType } from "type-graphql";
import { DatasetVersion } from "../../entities/dataset.js";
import { Cost } from "../../entities/field-cost.js";
import { ModelRevision } from "../../entities/model.js";
import { OptimizerRevision } from "../../entities/optimizer.js";
import { Int64Scalar } from "../../entities/scalars.js";
import type { PlannedTraining } from "../context/context.js";
import { Payload } from "./problem.js";

@ObjectType({ description: "One layer of a planned training." })
export class PlannedLayer {
  @Field({
    description: "Where it was declared, such as `layers[1]`; `inputs` and `output` are the platform's own.",
  })
  path!: string;

  @Field({ description: "The layer's name." })
  name!: string;

  @Field({ description: "Its kind, such as `dense`." })
  type!: string;

  @Cost({ length: 3 })
  @Field(() => [Int], { description: "What it makes of one row." })
  outputShape!: number[];

  @Field(() => Int64Scalar, { description: "Its weights, trainable or not." })
  parameters!: number;

  @Field(() => Int64Scalar, {
    nullable: true,
    description: "Floating-point operations of its forward pass for one batch; null where the step cannot be compiled.",
  })
  flops!: number | null;
}

@ObjectType({ description: "The learning rate of one step." })
export class PlannedLearningRate {
  @Field(() => Int, { description: "Counted from 1." })
  step!: number;

  @Field(() => Float, { description: "The learning rate." })
  value!: number;
}

@ObjectType({ description: "What would compute the steps." })
export class PlannedExecutor {
  @Field({
    description:
      "Such as `onnx-cpu-1`: compiled, on the CPU, with one thread; `none` where no live worker offers what is asked for, or the step cannot be compiled.",
  })
  name!: string;

  @Field({ description: "Why this one, for people." })
  reason!: string;
}

@ObjectType({
  description: "An operation that cannot be compiled, or the one that there was no room for after 100,000 others.",
})
export class UnsupportedKernel {
  @Field(() => String, {
    nullable: true,
    description: "The layer that needs it; null: the loss or the optimizer does.",
  })
  path!: string | null;

  @Field({ description: "Its name in TensorFlow.js." })
  kernel!: string;
}

@ObjectType({ description: "What a training would be." })
export class TrainingPlan implements PlannedTraining {
  @Field(() => DatasetVersion, { description: "The rows it would learn from." })
  datasetVersion!: DatasetVersion;

  @Field(() => ModelRevision, { description: "The model that would be trained." })
  modelRevision!: ModelRevision;

  @Field(() => OptimizerRevision, { description: "The optimizer that would train it." })
  optimizerRevision!: OptimizerRevision;

  @Field(() => Int, { description: "Batches in one pass over the training rows: the steps of an epoch." })
  stepsPerEpoch!: number;

  @Field(() => Int64Scalar, { description: "Batches in all epochs; early stopping may end it before." })
  steps!: number;

  @Field(() => Int64Scalar, {
    description:
      "Updates of the weights in all epochs: as many as `steps`, fewer where the optimizer accumulates gradients. Each epoch ends with one.",
  })
  updates!: number;

  @Field(() => Int, { description: "Rows of one step; the last of an epoch may have fewer." })
  batchSize!: number;

  @Field(() => Int64Scalar, { description: "Weights of the network, trainable or not." })
  parameters!: number;

  @Field(() => Int64Scalar, { description: "Weights that the optimizer changes." })
  trainableParameters!: number;

  @Cost({ length: 50 })
  @Field(() => [PlannedLayer], { description: "From input to output." })
  layers!: PlannedLayer[];

  @Field(() => Int64Scalar, {
    nullable: true,
    description:
      "Floating-point operations of the compiled step: forward pass, gradients, loss and update; null where it cannot be compiled.",
  })
  flopsPerStep!: number | null;

  @Field(() => Int64Scalar, {
    nullable: true,
    description:
      "Estimate of a step's memory: parameters and optimizer slots, old and new; the batch; and the most activations and gradients that are alive at the same time. Null where the step cannot be compiled.",
  })
  memoryBytes!: number | null;

  @Cost({ length: 200 })
  @Field(() => [PlannedLearningRate], {
    description:
      "The schedule at no more than 200 steps, the first and the last among them. One that follows a metric starts like this.",
  })
  learningRate!: PlannedLearningRate[];

  @Field(() => PlannedExecutor, { description: "What would compute the steps." })
  executor!: PlannedExecutor;

  @Cost({ length: 5 })
  @Field(() => [UnsupportedKernel], { description: "What cannot be compiled; as a rule nothing." })
  unsupported!: UnsupportedKernel[];
}

@ObjectType({ description: "The answer of `planTraining`." })
export class PlanTrainingPayload extends Payload {
  @Field(() => TrainingPlan, { nullable: true, description: "The plan; null when there are problems." })
  plan?: TrainingPlan;
}

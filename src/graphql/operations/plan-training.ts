import { Arg, Ctx, Field, ObjectType, Query, Resolver } from "type-graphql";
import { DatasetVersion } from "../../entities/dataset.js";
import { Cost } from "../../entities/field-cost.js";
import { ModelRevision } from "../../entities/model.js";
import { OptimizerRevision } from "../../entities/optimizer.js";
import { trainingPlan } from "../../language/training/training-plan.js";
import { answer } from "../builders/answer.js";
import { addShape } from "../builders/shapes.js";
import type { Context } from "../context/context.js";
import { TrainInput } from "../inputs/training.js";
import { Payload } from "../payloads/problem.js";

/** What a training would be made from; the rest is `trainingPlan`. */
@ObjectType({ description: trainingPlan.doc })
class TrainingPlan {
  @Field(() => DatasetVersion, { description: "The rows it would learn from." })
  datasetVersion!: DatasetVersion;

  @Field(() => ModelRevision, { description: "The model that would be trained." })
  modelRevision!: ModelRevision;

  @Field(() => OptimizerRevision, { description: "The optimizer that would train it." })
  optimizerRevision!: OptimizerRevision;
}
addShape(TrainingPlan, trainingPlan);

@ObjectType({ description: "The answer of `planTraining`." })
class PlanTrainingPayload extends Payload {
  @Field(() => TrainingPlan, { nullable: true, description: "The plan; null when there are problems." })
  plan?: TrainingPlan;
}

@Resolver()
export class PlanTrainingQuery {
  @Cost({ weight: 25_000, statement: true, seconds: 300 })
  @Query(() => PlanTrainingPayload, {
    description:
      "What `train` would do with the same input, problems included, and OUT_OF_MEMORY where a whole step needs more than any live worker's device has: shapes, sizes, steps, learning rates. Queues and stores nothing.",
  })
  async planTraining(
    @Arg("input", () => TrainInput, { description: "As for `train`; the idempotency key means nothing here." })
    input: TrainInput,
    @Ctx() { platform, caller }: Context,
  ): Promise<PlanTrainingPayload> {
    return answer(PlanTrainingPayload, await platform.planner.planTraining(input, caller));
  }
}

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
  @Field(() => DatasetVersion, { description: "The dataset version it would train on." })
  datasetVersion!: DatasetVersion;

  @Field(() => ModelRevision, { description: "The model revision that would be trained." })
  modelRevision!: ModelRevision;

  @Field(() => OptimizerRevision, { description: "The optimizer revision that would be used." })
  optimizerRevision!: OptimizerRevision;
}
addShape(TrainingPlan, trainingPlan);

@ObjectType({ description: "The result of `planTraining`." })
class PlanTrainingPayload extends Payload {
  @Field(() => TrainingPlan, { nullable: true, description: "The plan; null when there are problems." })
  plan?: TrainingPlan;
}

@Resolver()
export class PlanTrainingQuery {
  @Cost({ weight: 25_000, statement: true, seconds: 300 })
  @Query(() => PlanTrainingPayload, {
    description:
      "What `train` would do with the same input: shapes, parameters, memory, steps and learning rates, or the problems. Queues and stores nothing.",
  })
  async planTraining(
    @Arg("input", () => TrainInput, { description: "The input of `train`; `idempotencyKey` is ignored." })
    input: TrainInput,
    @Ctx() { platform, caller }: Context,
  ): Promise<PlanTrainingPayload> {
    return answer(PlanTrainingPayload, await platform.planner.planTraining(input, caller));
  }
}

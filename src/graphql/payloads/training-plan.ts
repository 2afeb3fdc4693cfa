import { Field, ObjectType } from "type-graphql";
import { DatasetVersion } from "../../entities/dataset.js";
import { ModelRevision } from "../../entities/model.js";
import { OptimizerRevision } from "../../entities/optimizer.js";
import { trainingPlan } from "../../language/training/training-plan.js";
import { addShape } from "../builders/shapes.js";
import { Payload } from "./problem.js";

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
export class PlanTrainingPayload extends Payload {
  @Field(() => TrainingPlan, { nullable: true, description: "The plan; null when there are problems." })
  plan?: TrainingPlan;
}

import { Field, ObjectType } from "type-graphql";
import { JSONObjectScalar } from "../../entities/scalars.js";
import type { Suggestion } from "../../profile/suggest/suggest.js";

@ObjectType({ description: "A first model for a dataset. Each part is an input of a mutation." })
export class ModelSuggestion implements Suggestion {
  @Field(() => JSONObjectScalar, { description: "The input of `declareModel`." })
  model!: Record<string, unknown>;

  @Field(() => JSONObjectScalar, { description: "The input of `declareOptimizer`." })
  optimizer!: Record<string, unknown>;

  @Field(() => JSONObjectScalar, { description: "The input of `train`." })
  training!: Record<string, unknown>;

  @Field(() => JSONObjectScalar, { description: "The input of `declareRetraining`." })
  retraining!: Record<string, unknown>;
}

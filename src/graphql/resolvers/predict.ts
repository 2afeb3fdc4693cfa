import { Arg, Ctx, Field, Float, ObjectType, Query, Resolver } from "type-graphql";
import { Cost } from "../../entities/field-cost.js";
import { JSONObjectScalar, JSONScalar } from "../../entities/scalars.js";
import { ModelVersion } from "../../entities/version.js";
import { badInput } from "../connection/condition.js";
import type { Context, Prediction } from "../context.js";
import { checkVersionReference } from "../version-reference.js";

@ObjectType({ description: "How likely one category is." })
export class CategoryProbability {
  @Field({ description: "One of the target's categories." })
  category!: string;

  @Field(() => Float, { description: "From 0 to 1; those of one prediction sum to 1." })
  probability!: number;
}

@ObjectType("Prediction", { description: "What a version answers to one row." })
export class PredictionObject implements Prediction {
  @Field(() => JSONScalar, {
    description: "A number, a boolean, a category or a list of numbers, by the type of the target.",
  })
  value!: unknown;

  @Cost({ length: 5 })
  @Field(() => [CategoryProbability], {
    nullable: true,
    description:
      "One entry per category, in the declared order; of a BINARY target for `false` and `true`; null for NUMBER and VECTOR.",
  })
  probabilities!: CategoryProbability[] | null;
}

@ObjectType({ description: "The answers of one version to some rows." })
export class Predictions {
  versionId!: string;

  @Field(() => ModelVersion, { description: "The version that answered." })
  async version(@Ctx() { loaders }: Context): Promise<ModelVersion | null> {
    return loaders.byId(ModelVersion).load(this.versionId);
  }

  @Cost({ length: "PAGE" })
  @Field(() => [PredictionObject], { description: "One for each row, in order." })
  predictions!: PredictionObject[];
}

@Resolver()
export class PredictQuery {
  @Cost({
    page: { arguments: ["rows"], otherwise: 1, max: Number.MAX_SAFE_INTEGER },
    weight: 1_000,
    statement: true,
    seconds: 300,
  })
  @Query(() => Predictions, { description: "Asks a trained version about rows whose target is not known." })
  async predict(
    @Arg("model", () => String, { description: '`"name"` (the newest version), `"name/3"` or `"name@alias"`.' })
    model: string,
    @Arg("rows", () => [JSONObjectScalar], {
      description:
        "At least one row: raw values of the inputs that `ModelVersion.signature` names, written as in `appendRows`. The target may be there and is not looked at; any other field is refused.",
    })
    rows: Record<string, unknown>[],
    @Ctx() { platform }: Context,
  ): Promise<Predictions> {
    checkVersionReference("model", model);
    if (rows.length === 0) throw badInput("rows", "must hold at least one row");
    return Object.assign(new Predictions(), await platform.predictor.predictBy(model, rows));
  }
}

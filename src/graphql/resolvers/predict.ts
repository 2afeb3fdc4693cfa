import { Arg, Ctx, Field, Float, ObjectType, Query, Resolver } from "type-graphql";
import { Cost } from "../../entities/field-cost.js";
import { JSONObjectScalar, JSONScalar } from "../../entities/scalars.js";
import { ModelVersion } from "../../entities/version.js";
import { givenRows } from "../../intake/intake.js";
import type { Problem } from "../../language/fields/problem.js";
import { badInput } from "../../lists/condition.js";
import type { Context, Prediction } from "../context.js";
import { ProblemObject } from "../payloads/problem.js";
import { checkVersionReference } from "../version-reference.js";

@ObjectType({ description: "The probability of one category." })
export class CategoryProbability {
  @Field({ description: "A category of the target." })
  category!: string;

  @Field(() => Float, { description: "Probability from 0 to 1. Those of one prediction sum to 1." })
  probability!: number;
}

@ObjectType("Prediction", { description: "The prediction for one row." })
export class PredictionObject implements Prediction {
  @Field(() => JSONScalar, {
    nullable: true,
    description:
      "A number, boolean, category or list of numbers, like the target. BINARY: true if its probability is above 0.5. CATEGORY: the most probable; in a tie the first declared. Null if the row has problems.",
  })
  value!: unknown;

  @Cost({ length: 5 })
  @Field(() => [CategoryProbability], {
    nullable: true,
    description:
      "One entry per category in declared order, or for `false` and `true` of a BINARY target. Null for NUMBER and VECTOR targets and if the row has problems.",
  })
  probabilities!: CategoryProbability[] | null;

  // Few rows have any.
  @Cost({ length: 0 })
  @Field(() => [ProblemObject], {
    description:
      "Why the row cannot be predicted, with paths such as `rows[3].species`; otherwise empty. After 100 problems in one request, each further row lists only its first.",
  })
  problems!: Problem[];
}

@ObjectType({ description: "The predictions of one version." })
export class Predictions {
  versionId!: string;

  @Field(() => ModelVersion, { description: "The version that made the predictions." })
  async version(@Ctx() { loaders }: Context): Promise<ModelVersion | null> {
    return loaders.byId(ModelVersion).load(this.versionId);
  }

  @Cost({ length: "PAGE" })
  @Field(() => [PredictionObject], { description: "One prediction per row, in the order of the rows." })
  predictions!: Prediction[];
}

@Resolver()
export class PredictQuery {
  @Cost({
    page: { arguments: ["rows"], otherwise: 1, max: Number.MAX_SAFE_INTEGER },
    weight: 1_000,
    statement: true,
    seconds: 300,
  })
  @Query(() => Predictions, { description: "Predicts the target of rows with a trained version." })
  async predict(
    @Arg("model", () => String, {
      description: 'Reference to a version: `"name"` (the newest), `"name/3"` or `"name@alias"`.',
    })
    model: string,
    @Arg("rows", () => [JSONObjectScalar], {
      description:
        "At least one row, with raw values for the inputs in `ModelVersion.signature`. Other features of the dataset are ignored. If no row can be predicted, the query fails with INVALID_ROWS.",
    })
    rows: Record<string, unknown>[],
    @Ctx() { platform, caller }: Context,
  ): Promise<Predictions> {
    checkVersionReference("model", model);
    if (rows.length === 0) throw badInput("rows", "must hold at least one row");
    const { versionId, predictions } = await platform.predictor.predictBy(model, await givenRows(rows), caller);
    return Object.assign(new Predictions(), { versionId, predictions });
  }
}

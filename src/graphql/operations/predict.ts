import { Arg, Ctx, Field, ObjectType, Query, Resolver } from "type-graphql";
import { Cost } from "../../entities/field-cost.js";
import { JSONObjectScalar } from "../../entities/scalars.js";
import { ModelVersion } from "../../entities/version.js";
import { givenRows } from "../../intake/intake.js";
import type { Problem } from "../../language/fields/problem.js";
import { prediction, type RowAnswer } from "../../language/models/prediction.js";
import { badInput } from "../../lists/condition.js";
import { addShape } from "../builders/shapes.js";
import type { Context } from "../context/context.js";
import { checkVersionReference } from "../context/version-reference.js";
import { ProblemObject } from "../payloads/problem.js";

/** Why a row has no prediction; the rest is `prediction`. */
@ObjectType(prediction.name, { description: prediction.doc })
class PredictionObject {
  // Few rows have any.
  @Cost({ length: 0 })
  @Field(() => [ProblemObject], {
    description:
      "Why this row cannot be answered, with paths such as `rows[3].species`; empty for a row that is. Once 100 problems of a request are listed, each further row has its first one, and one that says so where there are more.",
  })
  problems!: Problem[];
}
addShape(PredictionObject, prediction);

@ObjectType({ description: "The answers of one version to some rows." })
export class Predictions {
  versionId!: string;

  @Field(() => ModelVersion, { description: "The version that answered." })
  async version(@Ctx() { loaders }: Context): Promise<ModelVersion | null> {
    return loaders.byId(ModelVersion).load(this.versionId);
  }

  @Cost({ length: "PAGE" })
  @Field(() => [PredictionObject], { description: "One for each row, in order." })
  predictions!: RowAnswer[];
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
        "At least one row: raw values of the inputs that `ModelVersion.signature` names, written as in `appendRows`. Other features of the model's dataset may be there and are not looked at; any other field is a problem of its row. Only if no row can be answered is the request refused: INVALID_ROWS.",
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

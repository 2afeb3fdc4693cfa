import { type FieldNode, type GraphQLResolveInfo, Kind, type SelectionNode, valueFromASTUntyped } from "graphql";
import { Arg, Ctx, Field, FieldResolver, Info, Int, ObjectType, Query, Resolver, Root } from "type-graphql";
import { Cost } from "../../entities/field-cost.js";
import { JSONObjectScalar } from "../../entities/scalars.js";
import { ModelVersion } from "../../entities/version.js";
import { givenRows } from "../../intake/intake.js";
import type { Problem } from "../../language/fields/problem.js";
import { count } from "../../language/fields/wording.js";
import { allListed, categoryProbability, prediction, type RowAnswer } from "../../language/models/prediction.js";
import { assertAmount, listLimits } from "../../lists/arguments.js";
import { badInput } from "../../lists/condition.js";
import { addShape, typeOf } from "../builders/shapes.js";
import type { Context } from "../context/context.js";
import { checkVersionReference } from "../context/version-reference.js";
import { ProblemObject } from "../payloads/problem.js";

const categoryProbabilityType = typeOf(categoryProbability);

/** Why a row has no prediction; the rest is `prediction`. */
@ObjectType(prediction.name, { description: prediction.doc })
class PredictionObject {
  // Few rows have any.
  @Cost({ length: 0 })
  @Field(() => [ProblemObject], {
    description:
      "Why the row cannot be predicted, with paths such as `rows[3].species`; otherwise empty. After 100 problems in one request, each further row lists only its first.",
  })
  problems!: Problem[];
}
addShape(PredictionObject, prediction);

@Resolver(() => PredictionObject)
export class PredictionProbabilities {
  @Cost({ length: { arguments: ["top"], otherwise: 5, max: listLimits.probabilities } })
  @FieldResolver(() => [categoryProbabilityType], { nullable: true })
  probabilities(
    @Root() { probabilities }: RowAnswer,
    @Arg("top", () => Int, {
      nullable: true,
      description: `How many to list, 1 to ${count(listLimits.probabilities)}: the most probable, in that order. Default: all up to ${allListed} categories, else ${allListed}.`,
    })
    top?: number | null,
  ): RowAnswer["probabilities"] {
    if (!probabilities || top == null) return probabilities?.slice(0, allListed) ?? null;
    return [...probabilities].sort((a, b) => b.probability - a.probability).slice(0, top);
  }
}

/**
 * The largest `top` that the operation asks for, so that no more probabilities are listed than are answered.
 *
 * @throws PlatformError BAD_INPUT for one out of range, before anything is computed.
 */
function largestTop(info: GraphQLResolveInfo): number {
  let most: number = allListed;
  const visit = (selections: readonly SelectionNode[]): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD)
        visit(info.fragments[selection.name.value]?.selectionSet.selections ?? []);
      else {
        if (selection.kind === Kind.FIELD && selection.name.value === "probabilities")
          most = Math.max(most, topOf(selection, info.variableValues));
        visit(selection.selectionSet?.selections ?? []);
      }
    }
  };
  for (const { selectionSet } of info.fieldNodes) visit(selectionSet?.selections ?? []);
  return most;
}

function topOf({ arguments: given }: FieldNode, variables: GraphQLResolveInfo["variableValues"]): number {
  const value = given?.find(({ name }) => name.value === "top")?.value;
  const top = value && valueFromASTUntyped(value, variables);
  if (typeof top !== "number") return 0;
  assertAmount("top", top, listLimits.probabilities);
  return top;
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
    @Info() info: GraphQLResolveInfo,
  ): Promise<Predictions> {
    checkVersionReference("model", model);
    if (rows.length === 0) throw badInput("rows", "must hold at least one row");
    const { versionId, predictions } = await platform.predictor.predictBy(
      model,
      await givenRows(rows),
      caller,
      largestTop(info),
    );
    return Object.assign(new Predictions(), { versionId, predictions });
  }
}

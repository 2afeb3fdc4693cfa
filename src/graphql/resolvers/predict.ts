import { setImmediate as nextTurn } from "node:timers/promises";
import { Arg, Ctx, Field, Float, ObjectType, Query, Resolver } from "type-graphql";
import { JSONObjectScalar, JSONScalar } from "../../entities/scalars.js";
import { ModelVersion } from "../../entities/version.js";
import { givenRows } from "../../intake/intake.js";
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

  @Field(() => [CategoryProbability], {
    nullable: true,
    description:
      "One entry per category, in the declared order; of a BINARY target for `false` and `true`; null for NUMBER and VECTOR.",
  })
  probabilities!: CategoryProbability[] | null;
}

/** Answers that GraphQL writes in one turn of the loop. */
const answersPerTurn = 10_000;

/** GraphQL waits for what comes asynchronously, and others get turns between parts of a long answer. */
async function* inTurns<Value>(values: readonly Value[]): AsyncIterable<Value> {
  for (const [index, value] of values.entries()) {
    if (index % answersPerTurn === answersPerTurn - 1) await nextTurn();
    yield value;
  }
}

@ObjectType({ description: "The answers of one version to some rows." })
export class Predictions {
  versionId!: string;

  @Field(() => ModelVersion, { description: "The version that answered." })
  async version(@Ctx() { loaders }: Context): Promise<ModelVersion | null> {
    return loaders.byId(ModelVersion).load(this.versionId);
  }

  answers!: readonly Prediction[];

  @Field(() => [PredictionObject], { description: "One for each row, in order." })
  predictions(): Iterable<Prediction> | AsyncIterable<Prediction> {
    return this.answers.length > answersPerTurn ? inTurns(this.answers) : this.answers;
  }
}

@Resolver()
export class PredictQuery {
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
    const { versionId, predictions } = await platform.predictor.predictBy(model, await givenRows(rows));
    return Object.assign(new Predictions(), { versionId, answers: predictions });
  }
}

import { Arg, Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { Alias } from "../../entities/alias.js";
import { Dataset } from "../../entities/dataset.js";
import { ModelEvent } from "../../entities/event.js";
import { Cost } from "../../entities/field-cost.js";
import { Model, ModelRevision } from "../../entities/model.js";
import { Run } from "../../entities/run.js";
import { ModelVersion } from "../../entities/version.js";
import type { ModelDeclaration } from "../../language/models/model.js";
import { byNameOf } from "../../lists/filter.js";
import { list } from "../../lists/list.js";
import { declareModel } from "../../registry/declare-model.js";
import { modelEvents } from "../../registry/events.js";
import { type Declared, declaredNoun } from "../builders/declared.js";
import { declaredListing } from "../builders/declared-listing.js";
import { fieldsOf, many, newest, one } from "../builders/fields.js";
import { cursorField, historySubscription } from "../builders/history.js";
import { revisionsOf } from "../builders/revisions.js";
import type { Context } from "../context/context.js";
import { DeclareModelInput } from "../inputs/model.js";
import { retrainings } from "./retraining.js";
import { runs } from "./run.js";
import { modelVersions } from "./version-list.js";

export const models = list(
  Model,
  "models",
  declaredListing("Model", "Which models to list.", {
    dataset: byNameOf("dataset", "dataset_id", "The name of the dataset it learns from."),
  }),
);
const revisions = revisionsOf("model", Model, ModelRevision, "The model it declares.");

@Resolver(() => Model)
class ModelAliases {
  @Cost({ length: 10 })
  @FieldResolver(() => [Alias], { description: "Its aliases, by name." })
  aliases(@Root() model: Model, @Ctx() { loaders }: Context): Promise<Alias[]> {
    return loaders.listBy(Alias, "modelId", { name: "ASC" }).load(model.id);
  }

  @FieldResolver(() => Alias, { nullable: true, description: "One of its aliases; null where there is none." })
  async alias(
    @Root() model: Model,
    @Arg("name", () => String, { description: "Such as `champion`." }) name: string,
    @Ctx() { loaders }: Context,
  ): Promise<Alias | null> {
    const aliases = await loaders.listBy(Alias, "modelId", { name: "ASC" }).load(model.id);
    return aliases.find((alias) => alias.name === name) ?? null;
  }
}

/** Declared networks. */
export const modelResolvers = [
  declaredNoun("Model", {
    list: models,
    descriptions: { one: "A model; null where nobody declared it.", list: "The declared models." },
    declare: {
      input: DeclareModelInput,
      descriptions: {
        mutation:
          "Declares a model. The same again changes nothing; one that differs in more than the description is the next revision, and old ones stay.",
        input: "The model.",
        payload: "The model as it is now; null when there are problems.",
      },
      cost: { weight: 5_000 },
      run: ({ platform, session, caller }, input: Declared<ModelDeclaration>) =>
        declareModel(session, input, {
          unsupportedKernels: (model) => platform.planner.unsupportedKernels(model, caller),
        }),
    },
  }),
  fieldsOf(Model, {
    dataset: one(Dataset, "datasetId", "The dataset it learns from."),
    ...revisions.fields,
    latestVersion: newest(ModelVersion, "model_id", "The newest version; null before the first."),
    versions: many(modelVersions, "model_id", "What its trainings made."),
    runs: many(runs, "model_id", "Its trainings."),
    retrainings: many(retrainings, "model_id", "The policies that keep it fresh."),
  }),
  ModelAliases,
  revisions.resolver,
  fieldsOf(ModelEvent, {
    version: one(ModelVersion, "versionId", "The version concerned, if any.", { nullable: true }),
    run: one(Run, "runId", "The run concerned, if any.", { nullable: true }),
    cursor: cursorField(modelEvents, "modelId", "modelEvents"),
  }),
  historySubscription("model", Model, ModelEvent, modelEvents, {
    description:
      "The history of a model, each entry once and in order: versions, alias moves, retrainings and their verdicts. Never completes.",
    argument: "The model's name; one that does not exist is NOT_FOUND.",
  }),
];

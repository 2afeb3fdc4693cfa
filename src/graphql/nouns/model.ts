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
    dataset: byNameOf("dataset", "dataset_id", "Name of the dataset that it trains on."),
  }),
);
const revisions = revisionsOf("model", Model, ModelRevision, "The model that the revision belongs to.");

@Resolver(() => Model)
class ModelAliases {
  @Cost({ length: 10 })
  @FieldResolver(() => [Alias], { description: "Its aliases, ordered by name." })
  aliases(@Root() model: Model, @Ctx() { loaders }: Context): Promise<Alias[]> {
    return loaders.listBy(Alias, "modelId", { name: "ASC" }).load(model.id);
  }

  @FieldResolver(() => Alias, { nullable: true, description: "One alias; null if there is none of this name." })
  async alias(
    @Root() model: Model,
    @Arg("name", () => String, { description: "Name of the alias, such as `champion`." }) name: string,
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
    descriptions: { one: "A model; null if there is none of this name.", list: "All models." },
    declare: {
      input: DeclareModelInput,
      descriptions: {
        mutation:
          "Declares a model. Declaring the same again changes nothing. A change of more than the description makes a new revision.",
        input: "The model.",
        payload: "The model after the mutation; null when there are problems.",
      },
      cost: { weight: 5_000 },
      run: ({ platform, session, caller }, input: Declared<ModelDeclaration>) =>
        declareModel(session, input, {
          unsupportedKernels: (model) => platform.planner.unsupportedKernels(model, caller),
        }),
    },
  }),
  fieldsOf(Model, {
    dataset: one(Dataset, "datasetId", "The dataset that the model trains on."),
    ...revisions.fields,
    latestVersion: newest(ModelVersion, "model_id", "The newest version; null before the first."),
    versions: many(modelVersions, "model_id", "All versions."),
    runs: many(runs, "model_id", "All runs that train this model."),
    retrainings: many(retrainings, "model_id", "The retraining policies of this model."),
  }),
  ModelAliases,
  revisions.resolver,
  fieldsOf(ModelEvent, {
    version: one(ModelVersion, "versionId", "The version that the entry is about; null when there is none.", {
      nullable: true,
    }),
    run: one(Run, "runId", "The run that the entry is about; null when there is none.", { nullable: true }),
    cursor: cursorField(modelEvents, "modelId", "modelEvents"),
  }),
  historySubscription("model", Model, ModelEvent, modelEvents, {
    description:
      "History of a model: versions, alias moves, retrainings and their results. Each entry comes once, in order. Never completes.",
    argument: "Name of the model; NOT_FOUND if it does not exist.",
  }),
];

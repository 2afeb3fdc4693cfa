import { Arg, Args, Ctx, FieldResolver, Int, Resolver, Root } from "type-graphql";
import { Alias } from "../../entities/alias.js";
import { Dataset } from "../../entities/dataset.js";
import { ModelEvent } from "../../entities/event.js";
import { Cost } from "../../entities/field-cost.js";
import { Model, ModelRevision } from "../../entities/model.js";
import { Run } from "../../entities/run.js";
import { ModelVersion } from "../../entities/version.js";
import { sliceOf } from "../../lists/slice.js";
import { ModelVersionConnection, ModelVersionsArguments, modelVersions } from "../collections/model-versions.js";
import { RetrainingConnection, RetrainingsArguments, retrainings } from "../collections/retrainings.js";
import { ModelRevisionConnection, modelRevisions, RevisionsArguments } from "../collections/revisions.js";
import { RunConnection, RunsArguments, runs } from "../collections/runs.js";
import type { Context } from "../context.js";
import { numberedLoader } from "../numbered.js";

@Resolver(() => Model)
export class ModelFields {
  @FieldResolver(() => Dataset, { description: "The dataset that the model trains on." })
  dataset(@Root() model: Model, @Ctx() { loaders }: Context): Promise<Dataset | null> {
    return loaders.byId(Dataset).load(model.datasetId);
  }

  @FieldResolver(() => ModelRevision, {
    nullable: true,
    description: "One revision; null if there is none of this number.",
  })
  revision(
    @Root() model: Model,
    @Arg("number", () => Int, { nullable: true, description: "Number of the revision. Default: the newest." })
    number: number | null | undefined,
    @Ctx() { loaders }: Context,
  ): Promise<ModelRevision | null> {
    return numberedLoader(loaders, ModelRevision, "model_id").load({ ownerId: model.id, number });
  }

  @FieldResolver(() => ModelRevisionConnection, { description: "All revisions." })
  revisions(
    @Root() model: Model,
    @Args(() => RevisionsArguments) args: RevisionsArguments,
    @Ctx() { loaders }: Context,
  ) {
    return new ModelRevisionConnection(sliceOf(loaders, modelRevisions, args, { column: "model_id", id: model.id }));
  }

  @FieldResolver(() => ModelVersion, { nullable: true, description: "The newest version; null before the first." })
  latestVersion(@Root() model: Model, @Ctx() { loaders }: Context): Promise<ModelVersion | null> {
    return numberedLoader(loaders, ModelVersion, "model_id").load({ ownerId: model.id });
  }

  @FieldResolver(() => ModelVersionConnection, { description: "All versions." })
  versions(
    @Root() model: Model,
    @Args(() => ModelVersionsArguments) args: ModelVersionsArguments,
    @Ctx() { loaders }: Context,
  ) {
    return new ModelVersionConnection(sliceOf(loaders, modelVersions, args, { column: "model_id", id: model.id }));
  }

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

  @FieldResolver(() => RunConnection, { description: "All runs that train this model." })
  runs(@Root() model: Model, @Args(() => RunsArguments) args: RunsArguments, @Ctx() { loaders }: Context) {
    return new RunConnection(sliceOf(loaders, runs, args, { column: "model_id", id: model.id }));
  }

  @FieldResolver(() => RetrainingConnection, { description: "The retraining policies of this model." })
  retrainings(
    @Root() model: Model,
    @Args(() => RetrainingsArguments) args: RetrainingsArguments,
    @Ctx() { loaders }: Context,
  ) {
    return new RetrainingConnection(sliceOf(loaders, retrainings, args, { column: "model_id", id: model.id }));
  }
}

@Resolver(() => ModelRevision)
export class ModelRevisionFields {
  @FieldResolver(() => Model, { description: "The model that the revision belongs to." })
  model(@Root() revision: ModelRevision, @Ctx() { loaders }: Context): Promise<Model | null> {
    return loaders.byId(Model).load(revision.modelId);
  }
}

@Resolver(() => ModelEvent)
export class ModelEventFields {
  @FieldResolver(() => ModelVersion, {
    nullable: true,
    description: "The version that the entry is about; null when there is none.",
  })
  version(@Root() event: ModelEvent, @Ctx() { loaders }: Context): Promise<ModelVersion | null> | null {
    return event.versionId === null ? null : loaders.byId(ModelVersion).load(event.versionId);
  }

  @FieldResolver(() => Run, {
    nullable: true,
    description: "The run that the entry is about; null when there is none.",
  })
  run(@Root() event: ModelEvent, @Ctx() { loaders }: Context): Promise<Run | null> | null {
    return event.runId === null ? null : loaders.byId(Run).load(event.runId);
  }
}

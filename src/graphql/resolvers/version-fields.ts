import { Ctx, FieldResolver, Int, Resolver, Root } from "type-graphql";
import { Alias } from "../../entities/alias.js";
import { Cost } from "../../entities/field-cost.js";
import { Model, ModelRevision } from "../../entities/model.js";
import { Run } from "../../entities/run.js";
import { Artifact, Evaluation, ModelVersion, VersionTag } from "../../entities/version.js";
import type { Context } from "../context.js";

@Resolver(() => ModelVersion)
export class ModelVersionFields {
  @Cost({ length: 5 })
  @FieldResolver(() => [String], { description: "Names of the aliases that point to it, sorted." })
  async aliases(@Root() version: ModelVersion, @Ctx() { loaders }: Context): Promise<string[]> {
    const aliases = await loaders.listBy(Alias, "versionId", {}).load(version.id);
    return aliases.map(({ name }) => name).sort();
  }

  @Cost({ length: 10 })
  @FieldResolver(() => [Evaluation], {
    description: "Its metrics on the validation rows and on the test rows, if there are any.",
  })
  evaluation(@Root() version: ModelVersion, @Ctx() { loaders }: Context): Promise<Evaluation[]> {
    return loaders.listBy(Evaluation, "versionId", { part: "ASC", name: "ASC" }).load(version.id);
  }

  @Cost({ length: 2 })
  @FieldResolver(() => [Artifact], { description: "Its files, ordered by name." })
  artifacts(@Root() version: ModelVersion, @Ctx() { loaders }: Context): Promise<Artifact[]> {
    return loaders.listBy(Artifact, "versionId", { name: "ASC" }).load(version.id);
  }

  @Cost({ length: 5 })
  @FieldResolver(() => [VersionTag], { description: "Its tags, ordered by key." })
  tags(@Root() version: ModelVersion, @Ctx() { loaders }: Context): Promise<VersionTag[]> {
    return loaders.listBy(VersionTag, "versionId", { key: "ASC" }).load(version.id);
  }

  @FieldResolver(() => Run, { description: "The run that made it." })
  run(@Root() version: ModelVersion, @Ctx() { loaders }: Context): Promise<Run | null> {
    return loaders.byId(Run).load(version.runId);
  }

  @FieldResolver(() => Model, { description: "The model that the version belongs to." })
  model(@Root() version: ModelVersion, @Ctx() { loaders }: Context): Promise<Model | null> {
    return loaders.byId(Model).load(version.modelId);
  }

  @FieldResolver(() => ModelRevision, { description: "The model declaration that was trained." })
  modelRevision(@Root() version: ModelVersion, @Ctx() { loaders }: Context): Promise<ModelRevision | null> {
    return loaders.byId(ModelRevision).load(version.modelRevisionId);
  }

  @FieldResolver(() => Int, { description: "Number of parameters, trainable or not." })
  async parameterCount(@Root() version: ModelVersion, @Ctx() { loaders }: Context): Promise<number | undefined> {
    return (await loaders.byId(ModelRevision).load(version.modelRevisionId))?.parameterCount;
  }
}

/** Long enough to start a download by hand, short enough that a leaked link is soon worthless. */
export const artifactLimits = { urlSeconds: 15 * 60 } as const;

@Resolver(() => Artifact)
export class ArtifactFields {
  @FieldResolver(() => String, {
    description: "Signed URL to download the file without a key; valid for 15 minutes.",
  })
  url(@Root() artifact: Artifact, @Ctx() { platform }: Context): Promise<string> {
    return platform.store.presign(artifact.objectKey, artifactLimits.urlSeconds);
  }
}

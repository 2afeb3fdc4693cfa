import { Arg, Ctx, Field, FieldResolver, Int, Mutation, ObjectType, Query, Resolver, Root } from "type-graphql";
import { Alias } from "../../entities/alias.js";
import { Cost } from "../../entities/field-cost.js";
import { Model, ModelRevision } from "../../entities/model.js";
import { Run } from "../../entities/run.js";
import {
  Artifact,
  Decision,
  Evaluation,
  EvaluationBreakdown,
  ModelVersion,
  SplitPartEnum,
  VersionTag,
} from "../../entities/version.js";
import { effectiveThreshold } from "../../features/predictions.js";
import { classesOf, isTargetType } from "../../language/datasets/feature-types.js";
import { count } from "../../language/fields/wording.js";
import {
  type Breakdown,
  breakdownLimits,
  type LabelMeasured,
  labelMeasured,
  type QuantileMeasured,
  quantileMeasured,
} from "../../language/metrics/breakdown.js";
import { declaredPositive, parametersOf } from "../../language/models/open-model.js";
import { positiveClass } from "../../language/models/positive.js";
import type { Loaders } from "../../lists/loaders.js";
import { tagVersion } from "../../registry/tags.js";
import { findVersion } from "../../registry/versions.js";
import { answer } from "../builders/answer.js";
import { fieldsOf, one } from "../builders/fields.js";
import { addList, newResolver } from "../builders/queries.js";
import { typeOf } from "../builders/shapes.js";
import type { Context } from "../context/context.js";
import { checkVersionReference } from "../context/version-reference.js";
import { TagVersionInput } from "../inputs/registry.js";
import { Payload } from "../payloads/problem.js";
import { knownCategories } from "./feature.js";
import { modelVersions } from "./version-list.js";

const labelType = typeOf(labelMeasured);
const quantileType = typeOf(quantileMeasured);

type Part = keyof typeof SplitPartEnum;

async function breakdownOf(version: ModelVersion, split: Part, loaders: Loaders): Promise<Breakdown | undefined> {
  const parts = await loaders.listBy(EvaluationBreakdown, "versionId", { part: "ASC" }).load(version.id);
  return parts.find(({ part }) => part.toUpperCase() === split)?.breakdown;
}

@Resolver(() => ModelVersion)
class ModelVersionFields {
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

  @Cost({ length: 5 })
  @FieldResolver(() => [quantileType], {
    nullable: true,
    description:
      "How well each quantile is predicted on one part of the rows. Null where the loss is not PINBALL, or there are no rows.",
  })
  async quantileEvaluation(
    @Root() version: ModelVersion,
    @Arg("split", () => SplitPartEnum, { defaultValue: "TEST", description: "The part of the rows." }) split: Part,
    @Ctx() { loaders }: Context,
  ): Promise<QuantileMeasured[] | null> {
    return (await breakdownOf(version, split, loaders))?.quantiles ?? null;
  }

  @Cost({ length: 10 })
  @FieldResolver(() => [labelType], {
    nullable: true,
    description: `How well each label is predicted on one part of the rows; of more than ${count(breakdownLimits.labels)} those that most rows have. Null where the target is not LABELS, or there are no rows.`,
  })
  async labelEvaluation(
    @Root() version: ModelVersion,
    @Arg("split", () => SplitPartEnum, { defaultValue: "TEST", description: "The part of the rows." }) split: Part,
    @Ctx() { loaders }: Context,
  ): Promise<LabelMeasured[] | null> {
    return (await breakdownOf(version, split, loaders))?.labels ?? null;
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

  @FieldResolver(() => Decision, {
    nullable: true,
    description: "How it tells the classes of its target apart; null where it predicts numbers.",
  })
  async decision(@Root() version: ModelVersion, @Ctx() { loaders }: Context): Promise<Decision | null> {
    const { output } = version.signature;
    const { type } = output;
    if (!isTargetType(type)) return null;
    // Of a long list only the length matters.
    const short = output.categoryList === undefined || output.categoryList.count === 2;
    const categories = short ? await knownCategories(loaders, output) : [];
    const revision = await loaders.byId(ModelRevision).load(version.modelRevisionId);
    const positiveCategory = revision && declaredPositive(revision.spec);
    const target = { type, categories, ...(positiveCategory != null && { positiveCategory }) };
    const classes = classesOf(target);
    if (!classes || !revision) return null;
    const positive = positiveClass(target);
    return {
      positiveCategory: positive === undefined ? null : (classes[positive] ?? null),
      threshold: effectiveThreshold(target, revision.spec, version.preprocessing) ?? null,
      temperature: version.preprocessing.decision?.temperature ?? null,
    };
  }

  @FieldResolver(() => Int, { description: "Number of parameters, trainable or not." })
  async parameterCount(@Root() version: ModelVersion, @Ctx() { loaders }: Context): Promise<number | null | undefined> {
    const revision = await loaders.byId(ModelRevision).load(version.modelRevisionId);
    if (!revision || revision.parameterCount !== null) return revision?.parameterCount;
    const run = await loaders.byId(Run).load(version.runId);
    return parametersOf(revision.spec, run?.spec.categories ?? []);
  }
}

/** Long enough to start a download by hand, short enough that a leaked link is soon worthless. */
export const artifactLimits = { urlSeconds: 15 * 60 } as const;

@Resolver(() => Artifact)
class ArtifactFields {
  @FieldResolver(() => String, {
    description: "Signed URL to download the file without a key; valid for 15 minutes.",
  })
  url(@Root() artifact: Artifact, @Ctx() { platform }: Context): Promise<string> {
    return platform.store.presign(artifact.objectKey, artifactLimits.urlSeconds);
  }
}

@ObjectType({ description: "The result of `tagVersion`." })
class TagVersionPayload extends Payload {
  versionId?: string;

  @Field(() => ModelVersion, {
    nullable: true,
    description: "The version after the mutation; null when there are problems.",
  })
  async version(@Ctx() { loaders }: Context): Promise<ModelVersion | null> {
    return this.versionId === undefined ? null : loaders.byId(ModelVersion).load(this.versionId);
  }
}

@Resolver()
class VersionOperations {
  @Cost({ statement: true })
  @Query(() => ModelVersion, { nullable: true, description: "A trained version; null if the reference leads to none." })
  modelVersion(
    @Arg("ref", () => String, {
      description: 'Reference to a version: `"name"` (the newest), `"name/3"` or `"name@alias"`.',
    })
    ref: string,
    @Ctx() { session }: Context,
  ): Promise<ModelVersion | null> {
    checkVersionReference("ref", ref);
    return findVersion(session.manager, ref);
  }

  @Mutation(() => TagVersionPayload, {
    description: "Sets or removes one tag of a version. Tags are the only part of a version that can change.",
  })
  async tagVersion(
    @Arg("input", () => TagVersionInput, { description: "The version and the tag." }) input: TagVersionInput,
    @Ctx() { session }: Context,
  ): Promise<TagVersionPayload> {
    return answer(TagVersionPayload, await tagVersion(session, input));
  }
}

const versionList = newResolver();
addList(versionList, "modelVersions", modelVersions, "The versions of all models.");

/** What trainings made. */
export const versionResolvers = [
  VersionOperations,
  versionList,
  fieldsOf(ModelVersion, {
    run: one(Run, "runId", "Id of the run that made it."),
    model: one(Model, "modelId", "The model that the version belongs to."),
    modelRevision: one(ModelRevision, "modelRevisionId", "The model declaration that was trained."),
  }),
  ModelVersionFields,
  ArtifactFields,
];

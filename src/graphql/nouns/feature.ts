import { Args, Ctx, FieldResolver, Int, Resolver, Root } from "type-graphql";
import { categoryLists, categoryRange } from "../../datasets/categories.js";
import { Dataset, DatasetVersion, FeatureObject } from "../../entities/dataset.js";
import { Cost } from "../../entities/field-cost.js";
import { ModelRevision } from "../../entities/model.js";
import { SignatureField } from "../../entities/version.js";
import { PlatformError } from "../../errors.js";
import { hasOpenCategories } from "../../language/datasets/feature-types.js";
import { count } from "../../language/fields/wording.js";
import { openFeatures, parametersOf } from "../../language/models/open-model.js";
import { ConnectionArguments, listLimits } from "../../lists/arguments.js";
import { CategoryConnection, categorySlice } from "../../lists/category-pages.js";
import type { Loaders } from "../../lists/loaders.js";
import { numberedLoader } from "../../lists/numbered.js";
import type { Context } from "../context/context.js";

/** The first categories of a list that a dataset keeps. */
interface ListedCategories {
  datasetId: string;
  feature: string;
  count: number;
}

async function readLists(loaders: Loaders, asked: readonly ListedCategories[]): Promise<string[][]> {
  const total = asked.reduce((sum, list) => sum + list.count, 0);
  if (total > listLimits.operationCategories) {
    const message = `The operation asks for ${count(total)} categories, and at most ${count(listLimits.operationCategories)} are answered in lists; ask for \`categoryList\` in pages.`;
    throw new PlatformError("LIMIT_EXCEEDED", message);
  }
  const answers: string[][] = asked.map(() => []);
  for (const datasetId of new Set(asked.map((list) => list.datasetId))) {
    const own = asked.flatMap((list, index) => (list.datasetId === datasetId ? [{ ...list, index }] : []));
    const lists = await categoryLists(loaders.db.manager, datasetId, own);
    for (const { feature, count: first, index } of own) answers[index] = (lists.get(feature) ?? []).slice(0, first);
  }
  return answers;
}

function firstCategories(loaders: Loaders, list: ListedCategories): Promise<string[]> {
  const listed = { ...list, count: Math.min(list.count, listLimits.categories) };
  const identity = ({ datasetId, feature, count: first }: ListedCategories) => `${datasetId} ${first} ${feature}`;
  return loaders
    .batched<ListedCategories, string[]>("categories", (asked) => readLists(loaders, asked), identity)
    .load(listed);
}

async function newestCount(loaders: Loaders, datasetId: string, feature: string): Promise<number> {
  const newest = await numberedLoader(loaders, DatasetVersion, "dataset_id").load({ ownerId: datasetId });
  return new Map(Object.entries(newest?.categoryCounts ?? {})).get(feature) ?? 0;
}

@Resolver(() => Dataset)
class DatasetFeatures {
  @FieldResolver(() => [FeatureObject])
  features(@Root() { id, features }: Dataset): FeatureObject[] {
    return features.map((feature) =>
      hasOpenCategories(feature) ? { ...feature, datasetId: id } : feature,
    ) as FeatureObject[];
  }
}

@Resolver(() => FeatureObject)
class FeatureCategories {
  @FieldResolver(() => [String])
  async categories(
    @Root() { name, categories, datasetId }: FeatureObject,
    @Ctx() { loaders }: Context,
  ): Promise<string[]> {
    if (datasetId === undefined) return categories;
    return firstCategories(loaders, { datasetId, feature: name, count: await newestCount(loaders, datasetId, name) });
  }

  @FieldResolver(() => Boolean, {
    description:
      "Whether no categories are declared: the dataset lists them in the order in which they arrive, and new rows may bring new ones.",
  })
  hasOpenCategories(@Root() { datasetId }: FeatureObject): boolean {
    return datasetId !== undefined;
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description: "Number of categories, with those of the newest rows; null for a feature without categories.",
  })
  async categoryCount(
    @Root() { name, categories, datasetId }: FeatureObject,
    @Ctx() { loaders }: Context,
  ): Promise<number | null> {
    if (datasetId !== undefined) return newestCount(loaders, datasetId, name);
    return categories.length === 0 ? null : categories.length;
  }

  @Cost({ statement: true })
  @FieldResolver(() => CategoryConnection, { description: "All categories in pages, in the order of their codes." })
  categoryList(
    @Root() { name, categories, datasetId }: FeatureObject,
    @Args(() => ConnectionArguments) args: ConnectionArguments,
    @Ctx() { loaders }: Context,
  ): InstanceType<typeof CategoryConnection> {
    const list =
      datasetId === undefined
        ? {
            name: "categories",
            count: async () => categories.length,
            read: async (from: number, to: number) => categories.slice(from, to),
          }
        : {
            name: "categories",
            count: () => newestCount(loaders, datasetId, name),
            read: (from: number, to: number) => categoryRange(loaders.db.manager, datasetId, name, from, to),
          };
    return new CategoryConnection(categorySlice(list, args));
  }
}

/** The categories that a version knows of a feature, at most the first 10,000. */
export async function knownCategories(
  loaders: Loaders,
  { name, categories, categoryList }: SignatureField,
): Promise<string[]> {
  return categoryList ? firstCategories(loaders, { ...categoryList, feature: name }) : categories;
}

@Resolver(() => SignatureField)
class SignatureCategories {
  @FieldResolver(() => [String])
  async categories(@Root() field: SignatureField, @Ctx() { loaders }: Context): Promise<string[]> {
    return knownCategories(loaders, field);
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description: "Number of categories that the version knows; null for a feature without categories.",
  })
  categoryCount(@Root() { categories, categoryList }: SignatureField): number | null {
    if (categoryList) return categoryList.count;
    return categories.length === 0 ? null : categories.length;
  }
}

@Resolver(() => ModelRevision)
class RevisionSize {
  @FieldResolver(() => Int, {
    nullable: true,
    description:
      "Number of parameters, trainable or not. Where it follows from the categories of the dataset: with those of its newest version, null without rows.",
  })
  async parameterCount(@Root() revision: ModelRevision, @Ctx() { loaders }: Context): Promise<number | null> {
    if (revision.parameterCount !== null) return revision.parameterCount;
    const dataset = await loaders.byName(Dataset).load(revision.spec.dataset);
    const newest =
      dataset && (await numberedLoader(loaders, DatasetVersion, "dataset_id").load({ ownerId: dataset.id }));
    if (!newest) return null;
    const known = new Map(Object.entries(newest.categoryCounts));
    const counts = openFeatures(revision.spec).map((feature) => ({ feature, count: known.get(feature) ?? 0 }));
    return parametersOf(revision.spec, counts);
  }
}

/** What of features, signatures and revisions follows from lists of categories that a dataset keeps. */
export const featureResolvers = [DatasetFeatures, FeatureCategories, SignatureCategories, RevisionSize];

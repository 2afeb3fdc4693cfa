import { Arg, Ctx, Field, ID, Int, Mutation, ObjectType, Query, Resolver } from "type-graphql";
import { Cost } from "../../entities/field-cost.js";
import { Model } from "../../entities/model.js";
import { Int64Scalar } from "../../entities/scalars.js";
import { type MissingObject, reportStorage, type StorageReport } from "../../garbage/report.js";
import { collectGarbage } from "../../garbage/request.js";
import { answer } from "../builders/answer.js";
import type { Context } from "../context/context.js";
import { CollectGarbageInput } from "../inputs/storage.js";
import { Payload } from "../payloads/problem.js";

@ObjectType("StoredObjects", { description: "A group of objects in the object store." })
export class StoredObjectsObject {
  @Field(() => Int, { description: "Number of objects." })
  count!: number;

  @Field(() => Int64Scalar, { description: "Total size in bytes." })
  bytes!: number;

  @Cost({ length: 20 })
  @Field(() => [String], { description: "Keys of the first 20." })
  examples!: string[];
}

@ObjectType("MissingObject", {
  description: "An object that the database refers to but the object store does not have.",
})
export class MissingObjectObject implements MissingObject {
  @Field({ description: "Key in the object store." })
  key!: string;

  @Field(() => ID, {
    description: "Id of the checkpoint, model version, dataset version or append that refers to it.",
  })
  referredBy!: string;
}

@ObjectType({ description: "Storage used by the runs and versions of one model." })
export class ModelStorage {
  modelId!: string;

  @Field(() => Int64Scalar, { description: "Total size in bytes." })
  bytes!: number;

  @Field(() => Int64Scalar, { description: "Size of its runs' checkpoints in bytes." })
  checkpointBytes!: number;

  @Field(() => Int64Scalar, { description: "Size of its versions' files in bytes." })
  artifactBytes!: number;

  @Field(() => Model, { description: "The model." })
  model(@Ctx() { loaders }: Context): Promise<Model | null> {
    return loaders.byId(Model).load(this.modelId);
  }
}

@ObjectType("StorageReport", {
  description: "Contents of the object store, compared with the database.",
})
export class StorageReportObject implements Omit<StorageReport, "models"> {
  @Field(() => Int, { description: "Number of objects in the store." })
  totalCount!: number;

  @Field(() => Int64Scalar, { description: "Total size in bytes." })
  totalBytes!: number;

  @Field(() => StoredObjectsObject, {
    description: "Unreferenced objects, which `collectGarbage` deletes.",
  })
  orphans!: StoredObjectsObject;

  @Field(() => Int, {
    description: "Number of objects that are referred to but missing. More than 0 means that data was lost.",
  })
  missingCount!: number;

  @Cost({ length: 100 })
  @Field(() => [MissingObjectObject], { description: "The first 100 missing objects, ordered by key." })
  missing!: MissingObjectObject[];

  @Cost({ length: 100 })
  @Field(() => [ModelStorage], {
    description: "Storage by model, largest first. The rows of datasets belong to no model.",
  })
  models!: ModelStorage[];

  @Field(() => String, {
    nullable: true,
    description:
      "Why `collectGarbage` would refuse: the store has objects that this database does not know, as after a restore from a backup. Null if it would not.",
  })
  refusal!: string | null;
}

@ObjectType({ description: "The result of `collectGarbage`." })
export class CollectGarbagePayload extends Payload {
  @Field(() => StoredObjectsObject, {
    nullable: true,
    description: "The deleted objects, or in a dry run those that would be deleted; null when there are problems.",
  })
  deleted?: StoredObjectsObject;

  @Field(() => Int, {
    nullable: true,
    description:
      "Number of objects that the store failed to delete; the next collection tries again. Null when there are problems.",
  })
  failed?: number;

  @Field(() => Int, {
    nullable: true,
    description: "Number of incomplete uploads, at least a day old, that were aborted; null when there are problems.",
  })
  abortedUploads?: number;
}

/** What an operator asks of the object store. */
@Resolver()
export class StorageResolver {
  @Cost({ weight: 50_000, statement: true, seconds: 600 })
  @Query(() => StorageReportObject, {
    description: "Compares the object store with the database. It lists all objects but reads none.",
  })
  async storageReport(@Ctx() { platform }: Context): Promise<StorageReportObject> {
    const report = await reportStorage(platform.db, platform.store);
    const models = report.models.map((model) => Object.assign(new ModelStorage(), model));
    return Object.assign(new StorageReportObject(), { ...report, models });
  }

  @Cost({ weight: 50_000, statement: true })
  @Mutation(() => CollectGarbagePayload, {
    description:
      "Deletes unreferenced objects; servers also do so every hour. COLLECTION_REFUSED if the store has objects that this database does not know, or during another collection.",
  })
  async collectGarbage(
    @Arg("input", () => CollectGarbageInput, { description: "How." }) input: CollectGarbageInput,
    @Ctx() { platform, session }: Context,
  ): Promise<CollectGarbagePayload> {
    return answer(CollectGarbagePayload, await collectGarbage(session, platform.store, input));
  }
}

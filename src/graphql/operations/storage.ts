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

@ObjectType("StoredObjects", { description: "Some objects of the object store." })
export class StoredObjectsObject {
  @Field(() => Int, { description: "How many." })
  count!: number;

  @Field(() => Int64Scalar, { description: "Their sizes together, in bytes." })
  bytes!: number;

  @Cost({ length: 20 })
  @Field(() => [String], { description: "The keys of the first 20." })
  examples!: string[];
}

@ObjectType("MissingObject", { description: "An object that is referred to and that the object store does not hold." })
export class MissingObjectObject implements MissingObject {
  @Field({ description: "Its key in the object store." })
  key!: string;

  @Field(() => ID, {
    description: "The checkpoint, model version or dataset version that needs it; see `node(id)`.",
  })
  referredBy!: string;
}

@ObjectType({ description: "What the runs and versions of one model hold in the object store." })
export class ModelStorage {
  modelId!: string;

  @Field(() => Int64Scalar, { description: "All of it, in bytes." })
  bytes!: number;

  @Field(() => Int64Scalar, { description: "The checkpoints of its runs, in bytes." })
  checkpointBytes!: number;

  @Field(() => Int64Scalar, { description: "The files of its versions, in bytes." })
  artifactBytes!: number;

  @Field(() => Model, { description: "The model." })
  model(@Ctx() { loaders }: Context): Promise<Model | null> {
    return loaders.byId(Model).load(this.modelId);
  }
}

@ObjectType("StorageReport", {
  description: "What lies in the object store, and how it compares with the database, as of now.",
})
export class StorageReportObject implements Omit<StorageReport, "models"> {
  @Field(() => Int, { description: "How many objects there are." })
  totalCount!: number;

  @Field(() => Int64Scalar, { description: "Their sizes together, in bytes." })
  totalBytes!: number;

  @Field(() => StoredObjectsObject, {
    description: "What nothing refers to and nothing ever will: `collectGarbage` deletes it.",
  })
  orphans!: StoredObjectsObject;

  @Field(() => Int, {
    description: "How many objects are referred to and not there. More than 0 means that data was lost.",
  })
  missingCount!: number;

  @Cost({ length: 100 })
  @Field(() => [MissingObjectObject], { description: "The first 100 of them, in the order of their keys." })
  missing!: MissingObjectObject[];

  @Cost({ length: 100 })
  @Field(() => [ModelStorage], {
    description: "Who holds how much, largest first. Rows of datasets belong to no model.",
  })
  models!: ModelStorage[];

  @Field(() => String, {
    nullable: true,
    description:
      "Why `collectGarbage` would refuse: the object store holds what this database has never heard of, as after a restore from a backup. Null: it would not.",
  })
  refusal!: string | null;
}

@ObjectType({ description: "The outcome of `collectGarbage`." })
export class CollectGarbagePayload extends Payload {
  @Field(() => StoredObjectsObject, {
    nullable: true,
    description: "What was deleted, or of a dry run what would be; null when there are problems.",
  })
  deleted?: StoredObjectsObject;

  @Field(() => Int, {
    nullable: true,
    description:
      "How many objects the store failed to delete; the next collection tries again. Null when there are problems.",
  })
  failed?: number;

  @Field(() => Int, {
    nullable: true,
    description:
      "Uploads, begun a day ago or earlier and never ended, that were aborted; null when there are problems.",
  })
  abortedUploads?: number;
}

/** What an operator asks of the object store. */
@Resolver()
export class StorageResolver {
  @Cost({ weight: 50_000, statement: true, seconds: 600 })
  @Query(() => StorageReportObject, {
    description:
      "Compares the object store with the database. It lists all of the store, and reads none of the objects.",
  })
  async storageReport(@Ctx() { platform }: Context): Promise<StorageReportObject> {
    const report = await reportStorage(platform.db, platform.store);
    const models = report.models.map((model) => Object.assign(new ModelStorage(), model));
    return Object.assign(new StorageReportObject(), { ...report, models });
  }

  @Cost({ weight: 50_000, statement: true })
  @Mutation(() => CollectGarbagePayload, {
    description:
      "Deletes the objects that nothing refers to and nothing ever will, such as those of checkpoints that are no longer kept and of attempts that were killed. Servers do it every hour by themselves. Fails with COLLECTION_REFUSED, and deletes nothing, when the store holds what this database has never heard of, or while another collection is under way.",
  })
  async collectGarbage(
    @Arg("input", () => CollectGarbageInput, { description: "How." }) input: CollectGarbageInput,
    @Ctx() { platform, session }: Context,
  ): Promise<CollectGarbagePayload> {
    return answer(CollectGarbagePayload, await collectGarbage(session, platform.store, input));
  }
}

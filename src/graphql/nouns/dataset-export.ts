import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
  Subscription,
} from "type-graphql";
import { DatasetVersion } from "../../entities/dataset.js";
import { DatasetExport } from "../../entities/dataset-export.js";
import { nodeTypeOf } from "../../entities/identifier.js";
import { Int64Scalar } from "../../entities/scalars.js";
import { exportLimits } from "../../imports/limits.js";
import { exportQueue } from "../../imports/queue/claim.js";
import { cancelExport, exportDataset } from "../../imports/queue/submit-export.js";
import { byInstant } from "../../lists/filter.js";
import { list } from "../../lists/list.js";
import { byColumns, listing } from "../../lists/listing.js";
import { answer } from "../builders/answer.js";
import { fieldsOf, many, one } from "../builders/fields.js";
import { followJob } from "../builders/jobs.js";
import { addList, newResolver, type ResolverClass } from "../builders/queries.js";
import type { Context } from "../context/context.js";
import { CancelExportInput, ExportDatasetInput } from "../inputs/export.js";
import { Payload } from "../payloads/problem.js";

const exportList = list(
  DatasetExport,
  "dataset exports",
  listing("DatasetExport", {
    filter: {
      description: "Which exports to list.",
      fields: { createdAt: byInstant("created_at", "When it was queued.") },
    },
    order: {
      ...byColumns(
        "DatasetExport",
        { CREATED_AT: { column: "created_at", kind: "instant", description: "When it was queued." } },
        { field: "CREATED_AT", direction: "DESC" },
      ),
      description: "The order. Default: newest first.",
    },
  }),
);

@ObjectType({ description: "How far an export is." })
class ExportProgress {
  @Field(() => Int64Scalar, { description: "Rows that were written." })
  rows!: number;

  @Field(() => Int64Scalar, { description: "Rows of the version." })
  totalRows!: number;
}

@ObjectType({ description: "The result of `exportDataset`." })
class ExportDatasetPayload extends Payload {
  exportId?: string;

  @Field(() => DatasetExport, { nullable: true, description: "The queued export; null when there are problems." })
  async export(@Ctx() { loaders }: Context): Promise<DatasetExport | null> {
    return this.exportId === undefined ? null : loaders.byId(DatasetExport).load(this.exportId);
  }
}

@ObjectType({ description: "The result of `cancelExport`." })
class CancelExportPayload extends Payload {
  exportId?: string;

  @Field(() => DatasetExport, { nullable: true, description: "The canceled export; null when there are problems." })
  async export(@Ctx() { loaders }: Context): Promise<DatasetExport | null> {
    return this.exportId === undefined ? null : loaders.byId(DatasetExport).load(this.exportId);
  }
}

@Resolver(() => DatasetExport)
class ExportResolver {
  @FieldResolver(() => ExportProgress, { description: "How far it is." })
  async progress(
    @Root() { progress: { rows }, versionId }: DatasetExport,
    @Ctx() { loaders }: Context,
  ): Promise<ExportProgress> {
    const version = await loaders.byId(DatasetVersion).load(versionId);
    return Object.assign(new ExportProgress(), { rows, totalRows: version?.rowCount ?? 0 });
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: "`sha256:<hex>` of the file; null before it is written.",
  })
  digest(@Root() { sha256 }: DatasetExport): string | null {
    return sha256 && `sha256:${sha256}`;
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: `Signed URL to download the file without a key, valid for ${exportLimits.urlSeconds / 60} minutes. Null before the export has SUCCEEDED, and after its file was removed.`,
  })
  async url(@Root() { objectKey }: DatasetExport, @Ctx() { platform }: Context): Promise<string | null> {
    return objectKey === null ? null : platform.store.presign(objectKey, exportLimits.urlSeconds);
  }

  @Query(() => DatasetExport, { nullable: true, description: "An export; null if there is none of this id." })
  async datasetExport(
    @Arg("id", () => ID, { description: "Id of the export." }) id: string,
    @Ctx() { loaders }: Context,
  ): Promise<DatasetExport | null> {
    return nodeTypeOf(id) === "DatasetExport" ? loaders.byId(DatasetExport).load(id) : null;
  }

  @Mutation(() => ExportDatasetPayload, {
    description:
      "Queues the export of a dataset version as one file in the order of its rows. An import of the file with `missingValues: []` reads the same rows.",
  })
  async exportDataset(
    @Arg("input", () => ExportDatasetInput, { description: "The version and the format." }) input: ExportDatasetInput,
    @Ctx() { session }: Context,
  ): Promise<ExportDatasetPayload> {
    return answer(ExportDatasetPayload, await exportDataset(session, input));
  }

  @Mutation(() => CancelExportPayload, {
    description: "Cancels an export that has not ended. ILLEGAL_TRANSITION if it has ended.",
  })
  async cancelExport(
    @Arg("input", () => CancelExportInput, { description: "The export." }) input: CancelExportInput,
    @Ctx() { session }: Context,
  ): Promise<CancelExportPayload> {
    return answer(CancelExportPayload, await cancelExport(session, input));
  }

  @Subscription(() => DatasetExport, {
    subscribe: (({ args, context }: { args: { id: string }; context: Context }) =>
      followJob(context, DatasetExport, exportQueue, args.id)) as never,
    description: "An export: first as it is, then whenever its state or progress changes. Completes when it has ended.",
  })
  exportProgress(
    @Root() changed: DatasetExport,
    @Arg("id", () => ID, { description: "Id of the export; NOT_FOUND if it does not exist." }) _id: string,
  ): DatasetExport {
    return changed;
  }
}

function exportQueries(): ResolverClass {
  const resolver = newResolver();
  addList(resolver, "datasetExports", exportList, "All exports.");
  return resolver;
}

/** Files that versions of datasets are written into. */
export const datasetExportResolvers = [
  ExportResolver,
  exportQueries(),
  fieldsOf(DatasetExport, { version: one(DatasetVersion, "versionId", "The version whose rows it has.") }),
  fieldsOf(DatasetVersion, { exports: many(exportList, "dataset_version_id", "Its exports.") }),
];

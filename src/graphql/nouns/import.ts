import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
  Subscription,
} from "type-graphql";
import { Dataset, DatasetVersion } from "../../entities/dataset.js";
import { Cost } from "../../entities/field-cost.js";
import { nodeTypeOf } from "../../entities/identifier.js";
import { Import } from "../../entities/import.js";
import { Int64Scalar } from "../../entities/scalars.js";
import { Upload } from "../../entities/upload.js";
import { importQueue } from "../../imports/queue/claim.js";
import { cancelImport, importUpload } from "../../imports/queue/submit.js";
import type { ImportProblem } from "../../imports/rows/problems.js";
import type { ProblemCode } from "../../language/fields/problem.js";
import { byInstant } from "../../lists/filter.js";
import { list } from "../../lists/list.js";
import { byColumns, listing } from "../../lists/listing.js";
import { answer } from "../builders/answer.js";
import { fieldsOf, many, one } from "../builders/fields.js";
import { followJob } from "../builders/jobs.js";
import { addList, newResolver, type ResolverClass } from "../builders/queries.js";
import type { Context } from "../context/context.js";
import { CancelImportInput, ImportUploadInput } from "../inputs/import.js";
import { Payload, ProblemCodeEnum } from "../payloads/problem.js";

const imports = list(
  Import,
  "imports",
  listing("Import", {
    filter: {
      description: "Which imports to list.",
      fields: { createdAt: byInstant("created_at", "When it was queued.") },
    },
    order: {
      ...byColumns(
        "Import",
        { CREATED_AT: { column: "created_at", kind: "instant", description: "When it was queued." } },
        { field: "CREATED_AT", direction: "DESC" },
      ),
      description: "The order. Default: newest first.",
    },
  }),
);

@ObjectType({ description: "How far an import is." })
export class ImportProgress {
  @Field(() => Int64Scalar, { description: "Rows that were read." })
  rows!: number;

  @Field(() => Int64Scalar, { description: "Bytes of the file that were read, about." })
  bytes!: number;

  @Field(() => Int64Scalar, { description: "Bytes of the file." })
  totalBytes!: number;
}

@ObjectType("ImportProblem", { description: "What is wrong with some rows of a file, told once for all that have it." })
export class ImportProblemObject implements Omit<ImportProblem, "entry"> {
  @Field({ description: "Path of the first such value, such as `rows[12].age`." })
  path!: string;

  @Field(() => ProblemCodeEnum, { description: "Machine-readable kind of the problem." })
  code!: ProblemCode;

  @Field({ description: "What is wrong and what is expected, in plain text." })
  message!: string;

  @Field(() => Int, {
    nullable: true,
    description: "Line of the first such row, from 1, the header included; null where the format has no lines.",
  })
  line!: number | null;

  @Field(() => String, { nullable: true, description: "The feature; null for a row as a whole." })
  feature!: string | null;

  @Field(() => String, { nullable: true, description: "The value as the file has it; null for a missing one." })
  value!: string | null;

  @Field(() => Int, { description: "How many rows have it." })
  count!: number;

  @Cost({ length: 10 })
  @Field(() => [Int], { description: "Lines of the first ten such rows." })
  lines!: number[];

  @Field(() => String, {
    nullable: true,
    description: "In an archive of files: the name of the first such file; else null.",
  })
  entry!: string | undefined;

  @Cost({ length: 10 })
  @Field(() => [String], { description: "Names of the first ten such files of an archive." })
  entries!: string[];
}

@ObjectType({ description: "The result of `importUpload`." })
class ImportUploadPayload extends Payload {
  importId?: string;

  @Field(() => Import, { nullable: true, description: "The queued import; null when there are problems." })
  async import(@Ctx() { loaders }: Context): Promise<Import | null> {
    return this.importId === undefined ? null : loaders.byId(Import).load(this.importId);
  }
}

@ObjectType({ description: "The result of `cancelImport`." })
class CancelImportPayload extends Payload {
  importId?: string;

  @Field(() => Import, { nullable: true, description: "The canceled import; null when there are problems." })
  async import(@Ctx() { loaders }: Context): Promise<Import | null> {
    return this.importId === undefined ? null : loaders.byId(Import).load(this.importId);
  }
}

@Resolver(() => Import)
class ImportResolver {
  @FieldResolver(() => ImportProgress, { description: "How far it is." })
  async progress(@Root() { progress, uploadId }: Import, @Ctx() { loaders }: Context): Promise<ImportProgress> {
    const upload = await loaders.byId(Upload).load(uploadId);
    return Object.assign(new ImportProgress(), { ...progress, totalBytes: upload?.sizeBytes ?? 0 });
  }

  @Cost({ length: 10 })
  @FieldResolver(() => [ImportProblemObject], {
    description: "What is wrong with rows, by feature, code and value, the most frequent first; at most 100 entries.",
  })
  problems(@Root() { problems }: Import): ImportProblemObject[] {
    return (problems as ImportProblem[]).map((problem) =>
      Object.assign(new ImportProblemObject(), { entries: [], ...problem }),
    );
  }

  @Query(() => Import, { nullable: true, description: "An import; null if there is none of this id." })
  async import(
    @Arg("id", () => ID, { description: "Id of the import." }) id: string,
    @Ctx() { loaders }: Context,
  ): Promise<Import | null> {
    return nodeTypeOf(id) === "Import" ? loaders.byId(Import).load(id) : null;
  }

  @Mutation(() => ImportUploadPayload, {
    description:
      "Queues the import of an uploaded file into a dataset, as its next version. Every row is checked; either all that fit are added or none.",
  })
  async importUpload(
    @Arg("input", () => ImportUploadInput, { description: "The file and the dataset." }) input: ImportUploadInput,
    @Ctx() { session }: Context,
  ): Promise<ImportUploadPayload> {
    return answer(ImportUploadPayload, await importUpload(session, input));
  }

  @Mutation(() => CancelImportPayload, {
    description: "Cancels an import that has not ended: nothing of it stays. ILLEGAL_TRANSITION if it has ended.",
  })
  async cancelImport(
    @Arg("input", () => CancelImportInput, { description: "The import." }) input: CancelImportInput,
    @Ctx() { session }: Context,
  ): Promise<CancelImportPayload> {
    return answer(CancelImportPayload, await cancelImport(session, input));
  }

  @Subscription(() => Import, {
    subscribe: (({ args, context }: { args: { id: string }; context: Context }) =>
      followJob(context, Import, importQueue, args.id)) as never,
    description: "An import: first as it is, then whenever its state or progress changes. Completes when it has ended.",
  })
  importProgress(
    @Root() changed: Import,
    @Arg("id", () => ID, { description: "Id of the import; NOT_FOUND if it does not exist." }) _id: string,
  ): Import {
    return changed;
  }
}

function importQueries(): ResolverClass {
  const resolver = newResolver();
  addList(resolver, "imports", imports, "All imports.");
  return resolver;
}

/** Files that are read into datasets. */
export const importResolvers = [
  ImportResolver,
  importQueries(),
  fieldsOf(Import, {
    dataset: one(Dataset, "datasetId", "The dataset."),
    upload: one(Upload, "uploadId", "The file."),
    version: one(DatasetVersion, "versionId", "The version that it made; null unless it has SUCCEEDED.", {
      nullable: true,
    }),
  }),
  fieldsOf(Dataset, { imports: many(imports, "dataset_id", "The files that were imported, or are being imported.") }),
];

import { Arg, Ctx, Field, FieldResolver, Int, Mutation, ObjectType, Resolver, Root } from "type-graphql";
import { appendRows } from "../../datasets/append.js";
import { declareDataset } from "../../datasets/declare.js";
import { datasetEvents } from "../../datasets/events.js";
import { Dataset, DatasetVersion, FeatureObject } from "../../entities/dataset.js";
import { DatasetAppend } from "../../entities/dataset-append.js";
import { DatasetEvent } from "../../entities/event.js";
import { Cost } from "../../entities/field-cost.js";
import type { ProblemCount } from "../../features/problem-counts.js";
import type { DatasetDeclaration } from "../../language/datasets/dataset.js";
import type { Problem, ProblemCode } from "../../language/fields/problem.js";
import { byInstant, byInt, byText } from "../../lists/filter.js";
import { list } from "../../lists/list.js";
import { byColumns, listing } from "../../lists/listing.js";
import { answer } from "../builders/answer.js";
import { type Declared, declaredNoun } from "../builders/declared.js";
import { declaredListing } from "../builders/declared-listing.js";
import { fieldsOf, flag, many, newest, numbered, one } from "../builders/fields.js";
import { cursorField, historySubscription } from "../builders/history.js";
import type { Context } from "../context/context.js";
import { AppendRowsInput, DeclareDatasetInput } from "../inputs/dataset.js";
import { Payload, ProblemCodeEnum, ProblemObject } from "../payloads/problem.js";
import { AppendInParts } from "./dataset-append.js";
import { models } from "./model.js";

const datasets = list(Dataset, "datasets", declaredListing("Dataset", "Which datasets to list."));

const versions = list(
  DatasetVersion,
  "dataset versions",
  listing("DatasetVersion", {
    filter: {
      description: "Which versions of a dataset to list.",
      fields: {
        number: byInt("number", "Its number within the dataset."),
        rowCount: byInt("row_count", "Number of rows, including those of earlier appends."),
        digest: byText("digest", "Digest of the rows."),
        createdAt: byInstant("created_at", "Time at which the append was committed."),
      },
    },
    order: {
      ...byColumns(
        "DatasetVersion",
        { NUMBER: { column: "number", kind: "int", description: "Its number within the dataset." } },
        { field: "NUMBER", direction: "DESC" },
      ),
      description: "The order. Default: newest first.",
    },
  }),
);

@ObjectType("ProblemCount", { description: "How many rows have a problem with one feature." })
class ProblemCountObject implements ProblemCount {
  @Field({ description: "The feature." })
  feature!: string;

  @Field(() => ProblemCodeEnum, { description: "Machine-readable kind of the problem." })
  code!: ProblemCode;

  @Field(() => Int, { description: "Number of rows." })
  count!: number;

  @Cost({ length: 10 })
  @Field(() => [String], { description: "The first ten different values, as text." })
  examples!: string[];
}

@ObjectType({ description: "The result of `appendRows`." })
class AppendRowsPayload extends Payload {
  versionId?: string;

  appendId?: string;

  @Cost({ length: 0 })
  @Field(() => [ProblemCountObject], {
    description:
      "All problems with values, counted by feature and code, the most frequent first. Empty if there are none.",
  })
  problemsByFeature: ProblemCount[] = [];

  @Field(() => DatasetVersion, {
    nullable: true,
    description: "The new dataset version; null when there are problems, or for a part of an append.",
  })
  async version(@Ctx() { loaders }: Context): Promise<DatasetVersion | null> {
    return this.versionId === undefined ? null : loaders.byId(DatasetVersion).load(this.versionId);
  }

  @Field(() => DatasetAppend, {
    nullable: true,
    description: "The append that the rows are a part of; null for others.",
  })
  async append(@Ctx() { loaders }: Context): Promise<DatasetAppend | null> {
    return this.appendId === undefined ? null : loaders.byId(DatasetAppend).load(this.appendId);
  }
}

@Resolver(() => DatasetEvent)
class EventProblems {
  @Cost({ length: 0 })
  @FieldResolver(() => [ProblemObject], {
    description: "What is conspicuous about the appended rows, with the feature as path; at most 100, mostly none.",
  })
  problems(@Root() event: DatasetEvent): Problem[] {
    return event.problems ?? [];
  }
}

@Resolver()
class AppendRows {
  @Mutation(() => AppendRowsPayload, {
    description: "Adds rows to a dataset as its next version. Either all rows are added or none.",
  })
  async appendRows(
    @Arg("input", () => AppendRowsInput, { description: "The dataset and the rows to add." }) input: AppendRowsInput,
    @Ctx() { platform, session }: Context,
  ): Promise<AppendRowsPayload> {
    const { problemsByFeature = [], ...outcome } = await appendRows(session, platform.store, input, platform.intake);
    return Object.assign(answer(AppendRowsPayload, outcome), { problemsByFeature });
  }
}

/** Tables of rows that only grow. */
export const datasetResolvers = [
  declaredNoun("Dataset", {
    list: datasets,
    descriptions: { one: "A dataset; null if there is none of this name.", list: "All datasets." },
    declare: {
      input: DeclareDatasetInput,
      descriptions: {
        mutation:
          "Declares a dataset. Declaring the same again changes nothing. Once there are rows, only descriptions can change, features become nullable, and nullable ones be added.",
        input: "The dataset.",
        payload: "The dataset after the mutation; null when there are problems.",
      },
      run: ({ session, platform }, input: Declared<DatasetDeclaration>) =>
        declareDataset(session, input, platform.intake),
    },
  }),
  AppendRows,
  AppendInParts,
  EventProblems,
  fieldsOf(Dataset, {
    latestVersion: newest(DatasetVersion, "dataset_id", "The newest version; null before the first append."),
    version: numbered(DatasetVersion, "dataset_id", "One version; null if there is none of this number.", {
      description: "Its number within the dataset.",
    }),
    versions: many(versions, "dataset_id", "All versions."),
    models: many(models, "dataset_id", "The models that train on this dataset."),
  }),
  fieldsOf(FeatureObject, {
    nullable: flag("Whether values may be missing.", ({ nullable }: FeatureObject) => nullable === true),
  }),
  fieldsOf(DatasetVersion, { dataset: one(Dataset, "datasetId", "The dataset that the version belongs to.") }),
  fieldsOf(DatasetAppend, {
    dataset: one(Dataset, "datasetId", "The dataset that gets the rows."),
    version: one(DatasetVersion, "versionId", "The version that its rows are; null until it is committed.", {
      nullable: true,
    }),
  }),
  fieldsOf(DatasetEvent, {
    version: one(DatasetVersion, "versionId", "The version that was created; null if the entry created none.", {
      nullable: true,
    }),
    cursor: cursorField(datasetEvents, "datasetId", "datasetEvents"),
  }),
  historySubscription("dataset", Dataset, DatasetEvent, datasetEvents, {
    description: "History of a dataset: declarations and appends. Each entry comes once, in order. Never completes.",
    argument: "Name of the dataset; NOT_FOUND if it does not exist.",
  }),
];

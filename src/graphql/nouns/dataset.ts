import { Arg, Ctx, Field, Mutation, ObjectType, Resolver } from "type-graphql";
import { appendRows } from "../../datasets/append.js";
import { declareDataset } from "../../datasets/declare.js";
import { datasetEvents } from "../../datasets/events.js";
import { Dataset, DatasetVersion } from "../../entities/dataset.js";
import { DatasetEvent } from "../../entities/event.js";
import type { DatasetDeclaration } from "../../language/datasets/dataset.js";
import { byInstant, byInt, byText } from "../../lists/filter.js";
import { list } from "../../lists/list.js";
import { byColumns, listing } from "../../lists/listing.js";
import { answer } from "../builders/answer.js";
import { type Declared, declaredNoun } from "../builders/declared.js";
import { declaredListing } from "../builders/declared-listing.js";
import { fieldsOf, many, newest, numbered, one } from "../builders/fields.js";
import { cursorField, historySubscription } from "../builders/history.js";
import type { Context } from "../context/context.js";
import { AppendRowsInput, DeclareDatasetInput } from "../inputs/dataset.js";
import { Payload } from "../payloads/problem.js";
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
        rowCount: byInt("row_count", "Its rows, all earlier appends included."),
        digest: byText("digest", "The digest of its rows."),
        createdAt: byInstant("created_at", "When the append was committed."),
      },
    },
    order: {
      ...byColumns(
        "DatasetVersion",
        { NUMBER: { column: "number", kind: "int", description: "Its number within the dataset." } },
        { field: "NUMBER", direction: "DESC" },
      ),
      description: "The order; newest first unless given.",
    },
  }),
);

@ObjectType({ description: "The outcome of `appendRows`." })
class AppendRowsPayload extends Payload {
  versionId?: string;

  @Field(() => DatasetVersion, {
    nullable: true,
    description: "The version that the rows made; null when there are problems.",
  })
  async version(@Ctx() { loaders }: Context): Promise<DatasetVersion | null> {
    return this.versionId === undefined ? null : loaders.byId(DatasetVersion).load(this.versionId);
  }
}

@Resolver()
class AppendRows {
  @Mutation(() => AppendRowsPayload, {
    description: "Adds rows to a dataset and seals them as its next version: all of them, or none.",
  })
  async appendRows(
    @Arg("input", () => AppendRowsInput, { description: "The dataset and its new rows." }) input: AppendRowsInput,
    @Ctx() { platform, session }: Context,
  ): Promise<AppendRowsPayload> {
    return answer(AppendRowsPayload, await appendRows(session, platform.store, input, platform.intake));
  }
}

/** Tables of rows that only grow. */
export const datasetResolvers = [
  declaredNoun("Dataset", {
    list: datasets,
    descriptions: { one: "A dataset; null where nobody declared it.", list: "The declared datasets." },
    declare: {
      input: DeclareDatasetInput,
      descriptions: {
        mutation:
          "Declares a dataset. The same again changes nothing; once there are rows, only descriptions may be declared differently.",
        input: "The dataset.",
        payload: "The dataset as it is now; null when there are problems.",
      },
      run: ({ session, platform }, input: Declared<DatasetDeclaration>) =>
        declareDataset(session, input, platform.intake),
    },
  }),
  AppendRows,
  fieldsOf(Dataset, {
    latestVersion: newest(DatasetVersion, "dataset_id", "The newest version; null before the first rows."),
    version: numbered(DatasetVersion, "dataset_id", "One version; null where there is none.", {
      description: "Its number within the dataset.",
    }),
    versions: many(versions, "dataset_id", "Every state the dataset has been in."),
    models: many(models, "dataset_id", "The models that learn from it."),
  }),
  fieldsOf(DatasetVersion, { dataset: one(Dataset, "datasetId", "The dataset it is a state of.") }),
  fieldsOf(DatasetEvent, {
    version: one(DatasetVersion, "versionId", "The version it made, if any.", { nullable: true }),
    cursor: cursorField(datasetEvents, "datasetId", "datasetEvents"),
  }),
  historySubscription("dataset", Dataset, DatasetEvent, datasetEvents, {
    description: "The history of a dataset, each entry once and in order: declarations and appends. Never completes.",
    argument: "The dataset's name; one that does not exist is NOT_FOUND.",
  }),
];

import { ArgsType, Field, InputType } from "type-graphql";
import { DatasetVersion } from "../../entities/dataset.js";
import { ConnectionArguments } from "../../lists/arguments.js";
import { byColumns, type Collection } from "../../lists/collection.js";
import { compare, compareInstant } from "../../lists/condition.js";
import { Connection } from "../../lists/connection.js";
import { type Combinators, combinatorDescriptions } from "../../lists/filter.js";
import { DateTimeFilter, IntFilter, StringFilter } from "../../lists/operators.js";
import { orderInput } from "../../lists/order.js";

@InputType({ description: "Which versions of a dataset to list. All given conditions must hold." })
export class DatasetVersionFilter implements Combinators<DatasetVersionFilter> {
  @Field(() => [DatasetVersionFilter], { nullable: true, description: combinatorDescriptions.and })
  and?: DatasetVersionFilter[] | null;

  @Field(() => [DatasetVersionFilter], { nullable: true, description: combinatorDescriptions.or })
  or?: DatasetVersionFilter[] | null;

  @Field(() => DatasetVersionFilter, { nullable: true, description: combinatorDescriptions.not })
  not?: DatasetVersionFilter | null;

  @Field(() => IntFilter, { nullable: true, description: "The number within the dataset." })
  number?: IntFilter | null;

  @Field(() => IntFilter, { nullable: true, description: "Number of rows, including those of earlier appends." })
  rowCount?: IntFilter | null;

  @Field(() => StringFilter, { nullable: true, description: "Digest of the rows." })
  digest?: StringFilter | null;

  @Field(() => DateTimeFilter, { nullable: true, description: "Time at which the append was committed." })
  createdAt?: DateTimeFilter | null;
}

export const DatasetVersionOrder = orderInput("DatasetVersion", { NUMBER: "The number within the dataset." });
type DatasetVersionOrder = InstanceType<typeof DatasetVersionOrder>;

@ArgsType()
export class DatasetVersionsArguments extends ConnectionArguments {
  @Field(() => DatasetVersionFilter, { nullable: true, description: "Which entries to list. Default: all." })
  filter?: DatasetVersionFilter | null;

  @Field(() => DatasetVersionOrder, { nullable: true, description: "The order. Default: newest first." })
  orderBy?: DatasetVersionOrder | null;
}

export const DatasetVersionConnection = Connection(DatasetVersion, "DatasetVersion");

export const datasetVersions: Collection<DatasetVersion, DatasetVersionFilter, DatasetVersionOrder> = {
  name: "dataset versions",
  entity: DatasetVersion,
  tiebreak: "id",
  conditions: {
    number: compare("t.number"),
    rowCount: compare("t.row_count"),
    digest: compare("t.digest"),
    createdAt: compareInstant("t.created_at"),
  },
  order: byColumns({ NUMBER: { column: "number", kind: "int" } }, { field: "NUMBER", direction: "DESC" }),
};

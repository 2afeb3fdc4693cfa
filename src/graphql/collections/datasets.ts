import { ArgsType, Field, InputType } from "type-graphql";
import { Dataset } from "../../entities/dataset.js";
import { ConnectionArguments } from "../../lists/arguments.js";
import { byColumns, type Collection } from "../../lists/collection.js";
import { compare, compareInstant } from "../../lists/condition.js";
import { Connection } from "../../lists/connection.js";
import { type Combinators, combinatorDescriptions } from "../../lists/filter.js";
import { DateTimeFilter, StringFilter } from "../../lists/operators.js";
import { orderInput } from "../../lists/order.js";

@InputType({ description: "Which datasets to list. All given conditions must hold." })
export class DatasetFilter implements Combinators<DatasetFilter> {
  @Field(() => [DatasetFilter], { nullable: true, description: combinatorDescriptions.and })
  and?: DatasetFilter[] | null;

  @Field(() => [DatasetFilter], { nullable: true, description: combinatorDescriptions.or })
  or?: DatasetFilter[] | null;

  @Field(() => DatasetFilter, { nullable: true, description: combinatorDescriptions.not })
  not?: DatasetFilter | null;

  @Field(() => StringFilter, { nullable: true, description: "The name." })
  name?: StringFilter | null;

  @Field(() => DateTimeFilter, { nullable: true, description: "Time of the first declaration." })
  createdAt?: DateTimeFilter | null;
}

export const DatasetOrder = orderInput("Dataset", {
  CREATED_AT: "Time of the first declaration.",
  NAME: "The name.",
});
type DatasetOrder = InstanceType<typeof DatasetOrder>;

@ArgsType()
export class DatasetsArguments extends ConnectionArguments {
  @Field(() => DatasetFilter, { nullable: true, description: "Which entries to list. Default: all." })
  filter?: DatasetFilter | null;

  @Field(() => DatasetOrder, { nullable: true, description: "The order. Default: newest first." })
  orderBy?: DatasetOrder | null;
}

export const DatasetConnection = Connection(Dataset, "Dataset");

export const datasets: Collection<Dataset, DatasetFilter, DatasetOrder> = {
  name: "datasets",
  entity: Dataset,
  tiebreak: "id",
  conditions: { name: compare("t.name"), createdAt: compareInstant("t.created_at") },
  order: byColumns(
    { CREATED_AT: { column: "created_at", kind: "instant" }, NAME: { column: "name", kind: "text" } },
    { field: "CREATED_AT", direction: "DESC" },
  ),
};

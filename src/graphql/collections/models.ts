import { ArgsType, Field, InputType } from "type-graphql";
import { Model } from "../../entities/model.js";
import { ConnectionArguments } from "../../lists/arguments.js";
import { byColumns, type Collection } from "../../lists/collection.js";
import { compare, compareInstant, nameOf } from "../../lists/condition.js";
import { Connection } from "../../lists/connection.js";
import { type Combinators, combinatorDescriptions } from "../../lists/filter.js";
import { DateTimeFilter, StringFilter } from "../../lists/operators.js";
import { orderInput } from "../../lists/order.js";

@InputType({ description: "Which models to list. All given conditions must hold." })
export class ModelFilter implements Combinators<ModelFilter> {
  @Field(() => [ModelFilter], { nullable: true, description: combinatorDescriptions.and })
  and?: ModelFilter[] | null;

  @Field(() => [ModelFilter], { nullable: true, description: combinatorDescriptions.or })
  or?: ModelFilter[] | null;

  @Field(() => ModelFilter, { nullable: true, description: combinatorDescriptions.not })
  not?: ModelFilter | null;

  @Field(() => StringFilter, { nullable: true, description: "The name." })
  name?: StringFilter | null;

  @Field(() => StringFilter, { nullable: true, description: "Name of the dataset that it trains on." })
  dataset?: StringFilter | null;

  @Field(() => DateTimeFilter, { nullable: true, description: "Time of the first declaration." })
  createdAt?: DateTimeFilter | null;
}

export const ModelOrder = orderInput("Model", {
  CREATED_AT: "Time of the first declaration.",
  NAME: "The name.",
});
type ModelOrder = InstanceType<typeof ModelOrder>;

@ArgsType()
export class ModelsArguments extends ConnectionArguments {
  @Field(() => ModelFilter, { nullable: true, description: "Which entries to list. Default: all." })
  filter?: ModelFilter | null;

  @Field(() => ModelOrder, { nullable: true, description: "The order. Default: newest first." })
  orderBy?: ModelOrder | null;
}

export const ModelConnection = Connection(Model, "Model");

export const models: Collection<Model, ModelFilter, ModelOrder> = {
  name: "models",
  entity: Model,
  tiebreak: "id",
  conditions: {
    name: compare("t.name"),
    dataset: nameOf("dataset", "dataset_id"),
    createdAt: compareInstant("t.created_at"),
  },
  order: byColumns(
    { CREATED_AT: { column: "created_at", kind: "instant" }, NAME: { column: "name", kind: "text" } },
    { field: "CREATED_AT", direction: "DESC" },
  ),
};

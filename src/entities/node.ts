import { Field, ID, InterfaceType } from "type-graphql";

@InterfaceType({
  description: "An object with a globally unique id, as Relay defines it; `node(id)` finds it again.",
  // A class and its GraphQL type have the same name.
  resolveType: (value: object) => value.constructor.name,
})
export abstract class Node {
  @Field(() => ID, { description: "Globally unique; names the kind of object, such as `run_…`." })
  id!: string;
}

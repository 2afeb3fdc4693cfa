import { Field, ID, InterfaceType } from "type-graphql";

@InterfaceType({
  description: "An object with a globally unique id (Relay: Node). `node(id)` returns it.",
  // A class and its GraphQL type have the same name.
  resolveType: (value: object) => value.constructor.name,
})
export abstract class Node {
  @Field(() => ID, { description: "Globally unique id. Its prefix names the kind of object, such as `run_…`." })
  id!: string;
}

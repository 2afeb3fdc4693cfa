import { Field, ID, InterfaceType } from "type-graphql";
import { nodeTypeOf } from "./identifier.js";

@InterfaceType({
  description: "An object with a globally unique id (Relay: Node). `node(id)` returns it.",
  resolveType: (value: { id: string }) => nodeTypeOf(value.id),
})
export abstract class Node {
  @Field(() => ID, { description: "Globally unique id. Its prefix names the kind of object, such as `run_…`." })
  id!: string;
}

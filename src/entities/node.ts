import { Field, ID, InterfaceType } from "type-graphql";
import { nodeTypeOf } from "./identifier.js";

@InterfaceType({
  description: "An object with a globally unique id, as Relay defines it; `node(id)` finds it again.",
  resolveType: (value: { id: string }) => nodeTypeOf(value.id),
})
export abstract class Node {
  @Field(() => ID, { description: "Globally unique; names the kind of object, such as `run_…`." })
  id!: string;
}

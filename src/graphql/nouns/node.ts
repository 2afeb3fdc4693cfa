import { Arg, Ctx, ID, Query, Resolver } from "type-graphql";
import { Cost } from "../../entities/field-cost.js";
import { nodeTypeOf } from "../../entities/identifier.js";
import { Node } from "../../entities/node.js";
import { nouns } from "../../entities/nouns.js";
import { badInput, maxListLength } from "../../lists/condition.js";
import type { EntityClass, Loaders } from "../../lists/loaders.js";
import type { Context } from "../context/context.js";

/** The object a global id names; null for an id that was never issued here or whose object is gone. */
async function findNode(loaders: Loaders, id: string): Promise<Node | null> {
  const type = nodeTypeOf(id);
  return type === undefined ? null : loaders.byId(nouns[type].entity as EntityClass<Node>).load(id);
}

/** Objects of any kind by their ids. */
@Resolver()
export class NodeQueries {
  @Query(() => Node, { nullable: true, description: "An object of any kind; null if there is none of this id." })
  node(@Arg("id", () => ID, { description: "Id of the object." }) id: string, @Ctx() { loaders }: Context) {
    return findNode(loaders, id);
  }

  @Cost({ length: { arguments: ["ids"], otherwise: 0, max: maxListLength } })
  @Query(() => [Node], {
    nullable: "items",
    description: "The objects of several ids, in the same order; null for unknown ids.",
  })
  nodes(
    @Arg("ids", () => [ID], { description: "At most 1,000 ids." }) ids: string[],
    @Ctx() { loaders }: Context,
  ): Promise<(Node | null)[]> {
    if (ids.length > maxListLength) throw badInput("ids", `must hold at most ${maxListLength} ids, got ${ids.length}`);
    return Promise.all(ids.map((id) => findNode(loaders, id)));
  }
}

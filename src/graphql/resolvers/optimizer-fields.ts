import { Arg, Args, Ctx, FieldResolver, Int, Resolver, Root } from "type-graphql";
import { Optimizer, OptimizerRevision } from "../../entities/optimizer.js";
import { sliceOf } from "../../lists/slice.js";
import { OptimizerRevisionConnection, optimizerRevisions, RevisionsArguments } from "../collections/revisions.js";
import type { Context } from "../context.js";
import { numberedLoader } from "../numbered.js";

@Resolver(() => Optimizer)
export class OptimizerFields {
  @FieldResolver(() => OptimizerRevision, {
    nullable: true,
    description: "One revision; null if there is none of this number.",
  })
  revision(
    @Root() optimizer: Optimizer,
    @Arg("number", () => Int, { nullable: true, description: "Number of the revision. Default: the newest." })
    number: number | null | undefined,
    @Ctx() { loaders }: Context,
  ): Promise<OptimizerRevision | null> {
    return numberedLoader(loaders, OptimizerRevision, "optimizer_id").load({ ownerId: optimizer.id, number });
  }

  @FieldResolver(() => OptimizerRevisionConnection, { description: "All revisions." })
  revisions(
    @Root() optimizer: Optimizer,
    @Args(() => RevisionsArguments) args: RevisionsArguments,
    @Ctx() { loaders }: Context,
  ) {
    const owner = { column: "optimizer_id", id: optimizer.id };
    return new OptimizerRevisionConnection(sliceOf(loaders, optimizerRevisions, args, owner));
  }
}

@Resolver(() => OptimizerRevision)
export class OptimizerRevisionFields {
  @FieldResolver(() => Optimizer, { description: "The optimizer that the revision belongs to." })
  optimizer(@Root() revision: OptimizerRevision, @Ctx() { loaders }: Context): Promise<Optimizer | null> {
    return loaders.byId(Optimizer).load(revision.optimizerId);
  }
}

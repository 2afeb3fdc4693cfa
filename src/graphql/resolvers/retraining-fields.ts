import { Arg, Args, Ctx, FieldResolver, Int, Resolver, Root } from "type-graphql";
import { Model } from "../../entities/model.js";
import { Retraining, RetrainingRevision } from "../../entities/retraining.js";
import { sliceOf } from "../../lists/slice.js";
import { RetrainingRevisionConnection, RevisionsArguments, retrainingRevisions } from "../collections/revisions.js";
import { RunConnection, RunsArguments, runs } from "../collections/runs.js";
import type { Context } from "../context.js";
import { numberedLoader } from "../numbered.js";

@Resolver(() => Retraining)
export class RetrainingFields {
  @FieldResolver(() => Model, { description: "The model that the policy retrains." })
  model(@Root() retraining: Retraining, @Ctx() { loaders }: Context): Promise<Model | null> {
    return loaders.byId(Model).load(retraining.modelId);
  }

  @FieldResolver(() => RetrainingRevision, {
    nullable: true,
    description: "One revision; null if there is none of this number.",
  })
  revision(
    @Root() retraining: Retraining,
    @Arg("number", () => Int, { nullable: true, description: "Number of the revision. Default: the newest." })
    number: number | null | undefined,
    @Ctx() { loaders }: Context,
  ): Promise<RetrainingRevision | null> {
    return numberedLoader(loaders, RetrainingRevision, "retraining_id").load({ ownerId: retraining.id, number });
  }

  @FieldResolver(() => RetrainingRevisionConnection, { description: "All revisions." })
  revisions(
    @Root() retraining: Retraining,
    @Args(() => RevisionsArguments) args: RevisionsArguments,
    @Ctx() { loaders }: Context,
  ) {
    const owner = { column: "retraining_id", id: retraining.id };
    return new RetrainingRevisionConnection(sliceOf(loaders, retrainingRevisions, args, owner));
  }

  @FieldResolver(() => RunConnection, { description: "The runs that the policy started, and their retries." })
  runs(@Root() retraining: Retraining, @Args(() => RunsArguments) args: RunsArguments, @Ctx() { loaders }: Context) {
    return new RunConnection(sliceOf(loaders, runs, args, { column: "retraining_id", id: retraining.id }));
  }
}

@Resolver(() => RetrainingRevision)
export class RetrainingRevisionFields {
  @FieldResolver(() => Retraining, { description: "The policy that the revision belongs to." })
  retraining(@Root() revision: RetrainingRevision, @Ctx() { loaders }: Context): Promise<Retraining | null> {
    return loaders.byId(Retraining).load(revision.retrainingId);
  }
}

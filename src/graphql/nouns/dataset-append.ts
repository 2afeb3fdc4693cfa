import { Arg, Ctx, Field, Mutation, ObjectType, Resolver } from "type-graphql";
import { abortAppend, beginAppend, commitAppend } from "../../datasets/append-parts.js";
import { DatasetVersion } from "../../entities/dataset.js";
import { DatasetAppend } from "../../entities/dataset-append.js";
import { answer } from "../builders/answer.js";
import type { Context } from "../context/context.js";
import { AbortAppendInput, BeginAppendInput, CommitAppendInput } from "../inputs/dataset.js";
import { Payload } from "../payloads/problem.js";

@ObjectType({ description: "What mutations of an append answer." })
abstract class AppendPayload extends Payload {
  appendId?: string;

  @Field(() => DatasetAppend, { nullable: true, description: "The append; null when there are problems." })
  async append(@Ctx() { loaders }: Context): Promise<DatasetAppend | null> {
    return this.appendId === undefined ? null : loaders.byId(DatasetAppend).load(this.appendId);
  }
}

@ObjectType({ description: "The result of `beginAppend`." })
class BeginAppendPayload extends AppendPayload {}

@ObjectType({ description: "The result of `abortAppend`." })
class AbortAppendPayload extends AppendPayload {}

@ObjectType({ description: "The result of `commitAppend`." })
class CommitAppendPayload extends AppendPayload {
  versionId?: string;

  @Field(() => DatasetVersion, {
    nullable: true,
    description: "The new dataset version; null when there are problems.",
  })
  async version(@Ctx() { loaders }: Context): Promise<DatasetVersion | null> {
    return this.versionId === undefined ? null : loaders.byId(DatasetVersion).load(this.versionId);
  }
}

/** Loads in parts. */
@Resolver()
export class AppendInParts {
  @Mutation(() => BeginAppendPayload, {
    description:
      "Begins a load in parts: `appendRows` with `append` adds parts, and `commitAppend` makes all of them one version. Without a part for a day it expires.",
  })
  async beginAppend(
    @Arg("input", () => BeginAppendInput, { description: "The dataset." }) input: BeginAppendInput,
    @Ctx() { session }: Context,
  ): Promise<BeginAppendPayload> {
    return answer(BeginAppendPayload, await beginAppend(session, input));
  }

  @Mutation(() => CommitAppendPayload, {
    description:
      "Makes all parts of an append the dataset's next version, in the order of the parts. A repetition answers the same.",
  })
  async commitAppend(
    @Arg("input", () => CommitAppendInput, { description: "The append." }) input: CommitAppendInput,
    @Ctx() { session }: Context,
  ): Promise<CommitAppendPayload> {
    return answer(CommitAppendPayload, await commitAppend(session, input));
  }

  @Mutation(() => AbortAppendPayload, {
    description: "Gives an append up; its rows are deleted. A repetition answers the same.",
  })
  async abortAppend(
    @Arg("input", () => AbortAppendInput, { description: "The append." }) input: AbortAppendInput,
    @Ctx() { session }: Context,
  ): Promise<AbortAppendPayload> {
    return answer(AbortAppendPayload, await abortAppend(session, input));
  }
}

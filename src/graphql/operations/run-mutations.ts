import { Arg, Ctx, Field, Mutation, ObjectType, Resolver } from "type-graphql";
import { Run } from "../../entities/run.js";
import { cancelRun, pauseRun, resumeRun, retryRun } from "../../runs/control.js";
import { reproduceVersion } from "../../runs/reproduce.js";
import { train } from "../../runs/submit.js";
import { answer } from "../builders/answer.js";
import type { Context } from "../context/context.js";
import { ReproduceVersionInput } from "../inputs/registry.js";
import { CancelRunInput, PauseRunInput, ResumeRunInput, RetryRunInput, TrainInput } from "../inputs/training.js";
import { Payload } from "../payloads/problem.js";

@ObjectType({ description: "The outcome of a mutation about a run." })
class RunPayload extends Payload {
  runId?: string;

  @Field(() => Run, { nullable: true, description: "The run as it is now; null when there are problems." })
  async run(@Ctx() { loaders }: Context): Promise<Run | null> {
    return this.runId === undefined ? null : loaders.byId(Run).load(this.runId);
  }
}

/** Starting and stopping runs. */
@Resolver()
export class RunMutations {
  @Mutation(() => RunPayload, {
    description: "Queues a run: a training of a model with an optimizer. A worker starts it as soon as a slot is free.",
  })
  async train(
    @Arg("input", () => TrainInput, { description: "What to train, and how." }) input: TrainInput,
    @Ctx() { session }: Context,
  ): Promise<RunPayload> {
    return answer(RunPayload, await train(session, input));
  }

  @Mutation(() => RunPayload, {
    description:
      "Stops a run: at once while it waits, else as soon as its trainer has stopped. Asking again changes nothing. Fails with NOT_FOUND, and with ILLEGAL_TRANSITION for a run that SUCCEEDED or FAILED.",
  })
  async cancelRun(
    @Arg("input", () => CancelRunInput, { description: "The run." }) input: CancelRunInput,
    @Ctx() { session }: Context,
  ): Promise<RunPayload> {
    return answer(RunPayload, await cancelRun(session, input));
  }

  @Mutation(() => RunPayload, {
    description:
      "Holds a run back: at once while it waits, else as soon as it has written a checkpoint; then its state is PAUSED and others use its slots. Asking again changes nothing. Fails with NOT_FOUND, and with ILLEGAL_TRANSITION for a run that has ended or is being canceled.",
  })
  async pauseRun(
    @Arg("input", () => PauseRunInput, { description: "The run." }) input: PauseRunInput,
    @Ctx() { session }: Context,
  ): Promise<RunPayload> {
    return answer(RunPayload, await pauseRun(session, input));
  }

  @Mutation(() => RunPayload, {
    description:
      "Puts a paused run back into the queue, at the place that its age gives it; it goes on from its checkpoint. For a run that is not paused nothing changes. Fails with NOT_FOUND, and with ILLEGAL_TRANSITION for a run that has ended or is being canceled.",
  })
  async resumeRun(
    @Arg("input", () => ResumeRunInput, { description: "The run." }) input: ResumeRunInput,
    @Ctx() { session }: Context,
  ): Promise<RunPayload> {
    return answer(RunPayload, await resumeRun(session, input));
  }

  @Mutation(() => RunPayload, {
    description:
      "Queues a new run with the model, optimizer, data and settings of one that FAILED or was CANCELED; it begins anew. Of the runs that the old one depended on, it waits for those that have not ended. Fails with NOT_FOUND, and with ILLEGAL_TRANSITION for a run in another state.",
  })
  async retryRun(
    @Arg("input", () => RetryRunInput, { description: "The run." }) input: RetryRunInput,
    @Ctx() { session }: Context,
  ): Promise<RunPayload> {
    return answer(RunPayload, await retryRun(session, input));
  }

  @Mutation(() => RunPayload, {
    description:
      "Queues a run that trains a version again: from the same revisions, rows, parent, seed and settings. It makes no version and moves no alias. When it has SUCCEEDED, its `reproduction` says whether the weights are the same, bit for bit; `runEvents` tells it as REPRODUCED or NOT_REPRODUCED.",
  })
  async reproduceVersion(
    @Arg("input", () => ReproduceVersionInput, { description: "The version." }) input: ReproduceVersionInput,
    @Ctx() { session }: Context,
  ): Promise<RunPayload> {
    return answer(RunPayload, await reproduceVersion(session, input));
  }
}

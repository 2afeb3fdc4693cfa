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

@ObjectType({ description: "The result of a mutation of a run." })
class RunPayload extends Payload {
  runId?: string;

  @Field(() => Run, { nullable: true, description: "The run after the mutation; null when there are problems." })
  async run(@Ctx() { loaders }: Context): Promise<Run | null> {
    return this.runId === undefined ? null : loaders.byId(Run).load(this.runId);
  }
}

/** Starting and stopping runs. */
@Resolver()
export class RunMutations {
  @Mutation(() => RunPayload, {
    description:
      "Queues a run that trains a model with an optimizer. A worker starts it as soon as enough slots are free.",
  })
  async train(
    @Arg("input", () => TrainInput, { description: "What to train and how." }) input: TrainInput,
    @Ctx() { session }: Context,
  ): Promise<RunPayload> {
    return answer(RunPayload, await train(session, input));
  }

  @Mutation(() => RunPayload, {
    description:
      "Cancels a run: a queued one at once, a running one when its trainer has stopped. Repeating it changes nothing. ILLEGAL_TRANSITION if the run SUCCEEDED or FAILED.",
  })
  async cancelRun(
    @Arg("input", () => CancelRunInput, { description: "The run." }) input: CancelRunInput,
    @Ctx() { session }: Context,
  ): Promise<RunPayload> {
    return answer(RunPayload, await cancelRun(session, input));
  }

  @Mutation(() => RunPayload, {
    description:
      "Pauses a run: a queued one at once, a running one after saving a checkpoint. Its slots become free. ILLEGAL_TRANSITION if the run has ended or is being canceled.",
  })
  async pauseRun(
    @Arg("input", () => PauseRunInput, { description: "The run." }) input: PauseRunInput,
    @Ctx() { session }: Context,
  ): Promise<RunPayload> {
    return answer(RunPayload, await pauseRun(session, input));
  }

  @Mutation(() => RunPayload, {
    description:
      "Queues a paused run again; it resumes from its checkpoint and keeps its age in the queue. ILLEGAL_TRANSITION if the run has ended or is being canceled.",
  })
  async resumeRun(
    @Arg("input", () => ResumeRunInput, { description: "The run." }) input: ResumeRunInput,
    @Ctx() { session }: Context,
  ): Promise<RunPayload> {
    return answer(RunPayload, await resumeRun(session, input));
  }

  @Mutation(() => RunPayload, {
    description:
      "Queues a new run with the inputs and settings of a FAILED or CANCELED one. It starts from step 0. ILLEGAL_TRANSITION if the run is in another state.",
  })
  async retryRun(
    @Arg("input", () => RetryRunInput, { description: "The run." }) input: RetryRunInput,
    @Ctx() { session }: Context,
  ): Promise<RunPayload> {
    return answer(RunPayload, await retryRun(session, input));
  }

  @Mutation(() => RunPayload, {
    description:
      "Queues a run that trains a version again from the same inputs. It registers no version; `Run.reproduction` says whether the weights are bit-identical.",
  })
  async reproduceVersion(
    @Arg("input", () => ReproduceVersionInput, { description: "The version." }) input: ReproduceVersionInput,
    @Ctx() { session }: Context,
  ): Promise<RunPayload> {
    return answer(RunPayload, await reproduceVersion(session, input));
  }
}

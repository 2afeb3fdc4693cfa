import { Arg, Ctx, Query, Resolver } from "type-graphql";
import { Cost } from "../../entities/field-cost.js";
import { answer } from "../builders/answer.js";
import type { Context } from "../context/context.js";
import { TrainInput } from "../inputs/training.js";
import { PlanTrainingPayload } from "../payloads/training-plan.js";

@Resolver()
export class PlanTrainingQuery {
  @Cost({ weight: 25_000, statement: true, seconds: 300 })
  @Query(() => PlanTrainingPayload, {
    description:
      "What `train` would do with the same input, problems included, and OUT_OF_MEMORY where a whole step needs more than any live worker's device has: shapes, sizes, steps, learning rates. Queues and stores nothing.",
  })
  async planTraining(
    @Arg("input", () => TrainInput, { description: "As for `train`; the idempotency key means nothing here." })
    input: TrainInput,
    @Ctx() { platform, caller }: Context,
  ): Promise<PlanTrainingPayload> {
    return answer(PlanTrainingPayload, await platform.planner.planTraining(input, caller));
  }
}

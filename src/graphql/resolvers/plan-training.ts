import { Arg, Ctx, Query, Resolver } from "type-graphql";
import { Cost } from "../../entities/field-cost.js";
import type { Context } from "../context.js";
import { TrainInput } from "../inputs/training.js";
import { answer } from "../payloads/answer.js";
import { PlanTrainingPayload } from "../payloads/training-plan.js";

@Resolver()
export class PlanTrainingQuery {
  @Cost({ weight: 25_000, statement: true, seconds: 300 })
  @Query(() => PlanTrainingPayload, {
    description:
      "What `train` would do with the same input: shapes, parameters, memory, steps and learning rates, or the problems. Queues and stores nothing.",
  })
  async planTraining(
    @Arg("input", () => TrainInput, { description: "The input of `train`; `idempotencyKey` is ignored." })
    input: TrainInput,
    @Ctx() { platform, caller }: Context,
  ): Promise<PlanTrainingPayload> {
    return answer(PlanTrainingPayload, await platform.planner.planTraining(input, caller));
  }
}

import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { declareRetraining } from "../../continual/declare-retraining.js";
import { appendRows } from "../../datasets/append.js";
import { declareDataset } from "../../datasets/declare.js";
import { Cost } from "../../entities/field-cost.js";
import { declareModel, type ModelPlanner } from "../../registry/declare-model.js";
import { declareOptimizer } from "../../registry/declare-optimizer.js";
import type { Context } from "../context.js";
import { AppendRowsInput, DeclareDatasetInput } from "../inputs/dataset.js";
import { DeclareModelInput } from "../inputs/model.js";
import { DeclareOptimizerInput } from "../inputs/optimizer.js";
import { DeclareRetrainingInput } from "../inputs/retraining.js";
import { answer, answerDeclaration } from "../payloads/answer.js";
import {
  AppendRowsPayload,
  DeclareDatasetPayload,
  DeclareModelPayload,
  DeclareOptimizerPayload,
  DeclareRetrainingPayload,
} from "../payloads/declarations.js";

/** Declaring, and filling what was declared with rows. */
@Resolver()
export class DeclarationMutations {
  @Mutation(() => DeclareDatasetPayload, {
    description:
      "Declares a dataset. The same again changes nothing; once there are rows, only descriptions may be declared differently.",
  })
  async declareDataset(
    @Arg("input", () => DeclareDatasetInput, { description: "The dataset." }) input: DeclareDatasetInput,
    @Ctx() { platform }: Context,
  ): Promise<DeclareDatasetPayload> {
    return answerDeclaration(DeclareDatasetPayload, await declareDataset(platform.db, input, platform.intake));
  }

  @Mutation(() => AppendRowsPayload, {
    description: "Adds rows to a dataset and seals them as its next version: all of them, or none.",
  })
  async appendRows(
    @Arg("input", () => AppendRowsInput, { description: "The dataset and its new rows." }) input: AppendRowsInput,
    @Ctx() { platform }: Context,
  ): Promise<AppendRowsPayload> {
    return answer(AppendRowsPayload, await appendRows(platform.db, platform.store, input, platform.intake));
  }

  @Cost({ weight: 5_000 })
  @Mutation(() => DeclareModelPayload, {
    description:
      "Declares a model. The same again changes nothing; one that differs in more than the description is the next revision, and old ones stay.",
  })
  async declareModel(
    @Arg("input", () => DeclareModelInput, { description: "The model." }) input: DeclareModelInput,
    @Ctx() { platform, caller }: Context,
  ): Promise<DeclareModelPayload> {
    const planner: ModelPlanner = { unsupportedKernels: (model) => platform.planner.unsupportedKernels(model, caller) };
    return answerDeclaration(DeclareModelPayload, await declareModel(platform.db, input, planner));
  }

  @Mutation(() => DeclareOptimizerPayload, {
    description:
      "Declares an optimizer. The same again changes nothing; one that differs in more than the description is the next revision, and old ones stay.",
  })
  async declareOptimizer(
    @Arg("input", () => DeclareOptimizerInput, { description: "The optimizer." }) input: DeclareOptimizerInput,
    @Ctx() { platform }: Context,
  ): Promise<DeclareOptimizerPayload> {
    return answerDeclaration(DeclareOptimizerPayload, await declareOptimizer(platform.db, input));
  }

  @Mutation(() => DeclareRetrainingPayload, {
    description:
      "Declares a policy that trains a model again as rows arrive, and promotes the result only if it is good enough.",
  })
  async declareRetraining(
    @Arg("input", () => DeclareRetrainingInput, { description: "The policy." }) input: DeclareRetrainingInput,
    @Ctx() { platform }: Context,
  ): Promise<DeclareRetrainingPayload> {
    return answerDeclaration(DeclareRetrainingPayload, await declareRetraining(platform.db, input));
  }
}

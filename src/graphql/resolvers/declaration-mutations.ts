import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { declareRetraining } from "../../continual/declare-retraining.js";
import { appendRows } from "../../datasets/append.js";
import { declareDataset } from "../../datasets/declare.js";
import { Cost } from "../../entities/field-cost.js";
import type { DatasetDeclaration } from "../../language/datasets/dataset.js";
import type { ModelDeclaration } from "../../language/models/model.js";
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
      "Declares a dataset. Declaring the same again changes nothing. Once there are rows, only descriptions can change.",
  })
  async declareDataset(
    @Arg("input", () => DeclareDatasetInput, { description: "The declaration." })
    input: DeclareDatasetInput & DatasetDeclaration,
    @Ctx() { platform }: Context,
  ): Promise<DeclareDatasetPayload> {
    return answerDeclaration(DeclareDatasetPayload, await declareDataset(platform.db, input));
  }

  @Mutation(() => AppendRowsPayload, {
    description: "Adds rows to a dataset as its next version. Either all rows are added or none.",
  })
  async appendRows(
    @Arg("input", () => AppendRowsInput, { description: "The dataset and the rows to add." }) input: AppendRowsInput,
    @Ctx() { platform }: Context,
  ): Promise<AppendRowsPayload> {
    return answer(AppendRowsPayload, await appendRows(platform.db, platform.store, input, platform.intake));
  }

  @Cost({ weight: 5_000 })
  @Mutation(() => DeclareModelPayload, {
    description:
      "Declares a model. Declaring the same again changes nothing. A change of more than the description makes a new revision.",
  })
  async declareModel(
    @Arg("input", () => DeclareModelInput, { description: "The declaration." }) input: DeclareModelInput &
      ModelDeclaration,
    @Ctx() { platform, caller }: Context,
  ): Promise<DeclareModelPayload> {
    const planner: ModelPlanner = { unsupportedKernels: (model) => platform.planner.unsupportedKernels(model, caller) };
    return answerDeclaration(DeclareModelPayload, await declareModel(platform.db, input, planner));
  }

  @Mutation(() => DeclareOptimizerPayload, {
    description:
      "Declares an optimizer. Declaring the same again changes nothing. A change of more than the description makes a new revision.",
  })
  async declareOptimizer(
    @Arg("input", () => DeclareOptimizerInput, { description: "The declaration." }) input: DeclareOptimizerInput,
    @Ctx() { platform }: Context,
  ): Promise<DeclareOptimizerPayload> {
    return answerDeclaration(DeclareOptimizerPayload, await declareOptimizer(platform.db, input));
  }

  @Mutation(() => DeclareRetrainingPayload, {
    description:
      "Declares a policy that retrains a model when rows arrive and promotes the new version only if it passes a gate.",
  })
  async declareRetraining(
    @Arg("input", () => DeclareRetrainingInput, { description: "The declaration." }) input: DeclareRetrainingInput,
    @Ctx() { platform }: Context,
  ): Promise<DeclareRetrainingPayload> {
    return answerDeclaration(DeclareRetrainingPayload, await declareRetraining(platform.db, input));
  }
}

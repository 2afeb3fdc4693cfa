import { Extensions, Field, Float, InputType, Int } from "type-graphql";
import { type GateDeclaration, gate } from "../../language/retraining/gate.js";
import type { RetrainingDeclaration } from "../../language/retraining/retraining.js";
import { inputOf } from "./derive.js";
import { DeclarationInput } from "./fields.js";

type FineTuneDeclaration = NonNullable<RetrainingDeclaration["train"]["fineTune"]>;

@Extensions({ isOneOf: true })
@InputType({ description: "What starts a training: exactly one of these." })
export class RetrainingTriggerInput {
  @Field(() => Int, {
    nullable: true,
    description: "So many rows, from 1, more than the version that the alias `from` points to was trained on.",
  })
  newRows?: number | null;
}

@InputType({ description: "Old rows among the new ones, so that what was learned is not forgotten." })
export class ReplayInput {
  @Field(() => Float, {
    nullable: true,
    description:
      "Share of each training batch drawn from rows older than the new ones, at least 0 and below 1. Default: 0.5.",
  })
  fraction?: number | null;
}

@InputType({ description: "Training that goes on from the weights of a version." })
export class FineTuneInput implements FineTuneDeclaration {
  @Field({ description: "The alias whose version is the start, such as `champion`." })
  from!: string;

  @Field(() => Int, {
    description:
      "Passes over the new rows, 1 to 1,000,000; over all rows where none is new, or where old ones are asked for and a batch is one row.",
  })
  epochs!: number;

  @Field(() => Int, {
    nullable: true,
    description: "Rows per optimizer step, from 1. Default: as in the run that trained the version.",
  })
  batchSize?: number | null;

  @Field(() => Int, { nullable: true, description: "Decides order and dropout, from 0. Default: 0." })
  seed?: number | null;

  @Field(() => ReplayInput, { nullable: true, description: "Default: half of each batch is replayed." })
  replay?: ReplayInput | null;
}

@Extensions({ isOneOf: true })
@InputType({ description: "How a policy trains: exactly one of these." })
export class RetrainingMethodInput {
  @Field(() => FineTuneInput, { nullable: true, description: "Goes on from the weights of a version." })
  fineTune?: FineTuneInput | null;
}

const PromotionInput = inputOf(gate);

@InputType({ description: "Declares a policy that keeps a model fresh as rows arrive." })
export class DeclareRetrainingInput extends DeclarationInput implements RetrainingDeclaration {
  @Field({ description: "Name of the model." })
  model!: string;

  @Field({ description: "Name of the optimizer that trains; its newest revision at that time." })
  optimizer!: string;

  @Field(() => Boolean, { nullable: true, description: "Whether its trigger is watched. Default: true." })
  enabled?: boolean | null;

  @Field(() => RetrainingTriggerInput, { description: "What starts a training." })
  when!: RetrainingTriggerInput;

  @Field(() => RetrainingMethodInput, { description: "How it trains." })
  train!: RetrainingMethodInput;

  @Field(() => PromotionInput, { description: "When the result takes the alias." })
  promote!: GateDeclaration;
}

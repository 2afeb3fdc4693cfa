import { Field, Float, ID, InputType, Int } from "type-graphql";
import { monitorModes } from "../../language/metrics/monitor.js";
import type {
  CheckpointDeclaration,
  DeviceRequest,
  EarlyStoppingDeclaration,
  KeepDeclaration,
} from "../../language/training/training.js";
import type { RunReference } from "../../runs/control.js";
import type { TrainDeclaration } from "../../runs/submit.js";
import { enumFor } from "./derive.js";
import { DeviceRequestEnum } from "./enums.js";
import { MutationInput } from "./fields.js";

@InputType({
  description: "Ends a run when a metric has not improved for some epochs (Keras: EarlyStopping).",
})
export class EarlyStoppingInput implements EarlyStoppingDeclaration {
  @Field(() => String, {
    nullable: true,
    description:
      "A metric measured per epoch: `epoch_loss`, `val_loss`, or one of the model's in lower case, with or without `val_`. Default: `val_loss`, or `epoch_loss` where there are no validation rows.",
  })
  monitor?: string | null;

  @Field(() => enumFor(monitorModes), {
    nullable: true,
    description: "Which way it gets better. Default: what the metric implies.",
  })
  mode?: "MIN" | "MAX" | null;

  @Field(() => Int, {
    nullable: true,
    description: "Epochs without improvement after which it stops; from 0, and 0 is as 1. Default: 0.",
  })
  patience?: number | null;

  @Field(() => Float, { nullable: true, description: "What counts as improvement; at least 0. Default: 0." })
  minDelta?: number | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether the weights of the best epoch are kept instead of the last one's. Default: false.",
  })
  restoreBest?: boolean | null;

  @Field(() => Int, { nullable: true, description: "Epochs before monitoring begins; from 0. Default: 0." })
  startFromEpoch?: number | null;
}

@InputType({
  description:
    "Which checkpoints outlive newer ones: those that any of these names, at most 10,000 of a run, and 1 TiB of weights.",
})
export class KeepInput implements KeepDeclaration {
  @Field(() => Int, { nullable: true, description: "Number of newest checkpoints to keep; 1 to 1,000. Default: 2." })
  latest?: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "Number of best checkpoints to keep, by what early stopping monitors, or else by `val_loss` (`epoch_loss` without validation rows); 0 to 1,000. Default: 1.",
  })
  best?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "Keep the checkpoints of every Nth step; from 1. Default: none.",
  })
  every?: number | null;
}

@InputType({
  description:
    "How often everything needed to resume is saved: at most one of the first three. Default: every epoch or every 5 s, whichever is later. One is always saved at the end.",
})
export class CheckpointInput implements CheckpointDeclaration {
  @Field(() => Int, {
    nullable: true,
    description:
      "Every N optimizer steps; from 1, so that a run saves at most 1,000,000. Training waits while the one before is still being stored.",
  })
  everySteps?: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "Every N epochs; from 1, so that a run saves at most 1,000,000. Training waits while the one before is still being stored.",
  })
  everyEpochs?: number | null;

  @Field(() => Float, { nullable: true, description: "Every N seconds; above 0." })
  everySeconds?: number | null;

  @Field(() => KeepInput, { nullable: true, description: "Which are kept. Default: the newest 2 and the best." })
  keep?: KeepInput | null;
}

@InputType({ description: "Queues a training of a model with an optimizer." })
export class TrainInput extends MutationInput implements TrainDeclaration {
  @Field({ description: "The model's name." })
  model!: string;

  @Field(() => Int, { nullable: true, description: "Number of the model's revision, from 1. Default: the newest." })
  modelRevision?: number | null;

  @Field({ description: "The optimizer's name." })
  optimizer!: string;

  @Field(() => Int, { nullable: true, description: "Number of the optimizer's revision, from 1. Default: the newest." })
  optimizerRevision?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "Number of the version of the model's dataset to train on, from 1. Default: the newest.",
  })
  datasetVersion?: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      "A version whose weights and fitted preprocessing are the start, of the same model revision: `name`, `name/3` or `name@champion`. Default: the declared initializers.",
  })
  initializeFrom?: string | null;

  @Field(() => Int, {
    description:
      "Passes over the training rows, 1 to 1,000,000. A run makes at most 100,000,000 metric points: one per step, and for each epoch its metrics, its learning rate and, with validation rows, their metrics.",
  })
  epochs!: number;

  @Field(() => Int, {
    nullable: true,
    description:
      "Rows per optimizer step, from 1, and no more than the training rows there are. Default: 32, or all where fewer.",
  })
  batchSize?: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "Decides initial weights, the order of rows and dropout, from 0; equal seeds give equal weights. Default: 0.",
  })
  seed?: number | null;

  @Field(() => Boolean, { nullable: true, description: "Whether each epoch has an order of its own. Default: true." })
  shuffle?: boolean | null;

  @Field(() => EarlyStoppingInput, { nullable: true, description: "Default: none; every epoch is run." })
  earlyStopping?: EarlyStoppingInput | null;

  @Field(() => CheckpointInput, { nullable: true, description: "When to save. Default: automatic." })
  checkpoint?: CheckpointInput | null;

  @Field(() => DeviceRequestEnum, {
    nullable: true,
    description:
      "What to compute on. Weights are equal bit for bit only on equal devices: name one where that matters. Default: ANY.",
  })
  device?: DeviceRequest | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "Threads that compute, 1 to 64. On a CPU the run takes as many slots of one worker, all at once. Another number can give other last bits. Default: 1.",
  })
  threads?: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "How often in a row it is started again, each time after a longer pause, when it fails by itself: a wrong input, a loss that diverges, no memory left, a step that hangs, a store that fails. A step that no attempt had made before gives all of them back; the same fault at the same step twice ends it at once, unless it is the store's. A worker that is lost or a trainer that is killed counts nothing, up to ten times in a row without such a step. 0 to 1,000. Default: 3.",
  })
  maximumRestarts?: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "A step that takes more seconds than this hangs: its trainer is killed and the run started again. Above 0 and at most 604,800, a week. Default: 600.",
  })
  stepTimeoutSeconds?: number | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "1 to 99; lower starts first. A run that finds no room displaces runs with a higher number: they write a checkpoint, wait again and lose no finished step. Default: 42.",
  })
  priority?: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The project it belongs to: 1 to 63 letters, digits, dots, hyphens and underscores, beginning with a letter. Among runs of one priority, the project that uses the fewest slots starts first. Default: `default`.",
  })
  project?: string | null;

  @Field(() => [ID], {
    nullable: true,
    description:
      "Ids of at most 1,000 runs that must all have SUCCEEDED before it starts. When one of them then ends FAILED or CANCELED, it fails at once with DEPENDENCY_FAILED; one that already has is a problem. Default: none.",
  })
  dependsOn?: string[] | null;
}

@InputType({ description: "Stops a run." })
export class CancelRunInput extends MutationInput implements RunReference {
  @Field(() => ID, { description: "The run's id." })
  runId!: string;
}

@InputType({ description: "Holds a run back." })
export class PauseRunInput extends MutationInput implements RunReference {
  @Field(() => ID, { description: "The run's id." })
  runId!: string;
}

@InputType({ description: "Lets a paused run go on." })
export class ResumeRunInput extends MutationInput implements RunReference {
  @Field(() => ID, { description: "The run's id." })
  runId!: string;
}

@InputType({ description: "Runs a failed or canceled run again." })
export class RetryRunInput extends MutationInput implements RunReference {
  @Field(() => ID, { description: "The id of the run that FAILED or was CANCELED." })
  runId!: string;
}

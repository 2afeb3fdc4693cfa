import { Field, Int, ObjectType } from "type-graphql";
import { Cost } from "../../entities/field-cost.js";
import { NumberScalar } from "../../entities/scalars.js";
import type { MetricPoint } from "../../language/metrics/metrics.js";

@ObjectType({ description: "One measurement of a run." })
export class RunMetricPoint implements MetricPoint {
  @Field(() => Int, { description: "1, 2, 3 … within the run, without gaps, in the order they were measured." })
  seq!: number;

  @Field({
    description:
      "`loss`: one value per optimizer step. `epoch_loss`, the mean of the epoch's rows, `learning_rate`, of its last step, `val_loss` and metrics such as `accuracy`: one per epoch.",
  })
  name!: string;

  @Field(() => Int, { description: "Optimizer steps done." })
  step!: number;

  @Field(() => Int, { description: "The epoch, from 1." })
  epoch!: number;

  @Field(() => NumberScalar, { description: "The value; NaN and infinities are strings." })
  value!: number;
}

@ObjectType({ description: "A resumed run goes on from an earlier step, with numbers that may differ." })
export class Rewind {
  @Field(() => Int, {
    description: "Points of later steps, sent in batches before this one, are measured anew from here on.",
  })
  toStep!: number;
}

@ObjectType({ description: "Points of a run that follow those sent before." })
export class RunMetricBatch {
  @Field({ description: "Give it as `after` to go on behind this batch, on any server, at any time." })
  cursor!: string;

  @Field({
    description:
      "The place behind which this batch begins: the `cursor` of the batch before, so that a gap would show. Of the first batch: `after`, or the place before the first point.",
  })
  previousCursor!: string;

  @Cost({ length: "PAGE" })
  @Field(() => [RunMetricPoint], {
    description:
      "In the order of `seq`. Empty in the last batch, and in those that show every ten seconds or sooner that a silent run is still followed.",
  })
  points!: MetricPoint[];

  @Field({ description: "Whether points were left out, as `maxPoints` asks: extremes and ends stay." })
  downsampled!: boolean;

  @Field(() => Int, {
    description: "How many points were stored between the two cursors: more than `points` holds where `downsampled`.",
  })
  rows!: number;

  @Field(() => Rewind, {
    nullable: true,
    description:
      "Set where, before the first of these points, the run was resumed so that its numbers may differ from those sent before (in an environment other than before in anything but the processor's name); else null.",
  })
  rewind!: Rewind | null;

  @Field({ description: "Whether the run has ended and this is its last batch; the subscription then completes." })
  finished!: boolean;
}

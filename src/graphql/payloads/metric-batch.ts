import { Field, Int, ObjectType } from "type-graphql";
import { Cost } from "../../entities/field-cost.js";
import { NumberScalar } from "../../entities/scalars.js";
import type { MetricPoint } from "../../language/metrics/metrics.js";

@ObjectType({ description: "One measurement of a run." })
export class RunMetricPoint implements MetricPoint {
  @Field(() => Int, { description: "1, 2, 3, … within the run, without gaps, in the order of measurement." })
  seq!: number;

  @Field({
    description:
      "`loss`: one per optimizer step. Once per epoch: `epoch_loss` (mean over its rows), `learning_rate` (of its last step), `val_loss`, and metrics such as `accuracy`.",
  })
  name!: string;

  @Field(() => Int, { description: "Optimizer steps completed." })
  step!: number;

  @Field(() => Int, { description: "The epoch, from 1." })
  epoch!: number;

  @Field(() => NumberScalar, { description: "The value; NaN and infinities are strings." })
  value!: number;
}

@ObjectType({ description: "A resumed run repeats steps, and its values may differ from those sent before." })
export class Rewind {
  @Field(() => Int, {
    description: "Points of later steps in earlier batches are replaced by the points that follow.",
  })
  toStep!: number;
}

@ObjectType({ description: "A batch of metric points." })
export class RunMetricBatch {
  @Field({ description: "Cursor of this batch: `runMetrics(after:)` resumes after it, on any server at any time." })
  cursor!: string;

  @Field({
    description:
      "The `cursor` of the batch before, so that a gap can be noticed. In the first batch: `after`, or the beginning.",
  })
  previousCursor!: string;

  @Cost({ length: "PAGE" })
  @Field(() => [RunMetricPoint], {
    description: "The points, ordered by `seq`. Empty in the last batch and in the heartbeats of at least every 10 s.",
  })
  points!: MetricPoint[];

  @Field({
    description: "Whether points were left out because of `maxPoints`; minima, maxima and last points are kept.",
  })
  downsampled!: boolean;

  @Field(() => Int, {
    description: "Number of stored points between the two cursors; more than in `points` if `downsampled`.",
  })
  rows!: number;

  @Field(() => Rewind, {
    nullable: true,
    description:
      "Set if the run was resumed in another environment before the first of these points, so that values may differ from those sent before; otherwise null.",
  })
  rewind!: Rewind | null;

  @Field({ description: "Whether this is the last batch. The subscription then completes." })
  finished!: boolean;
}

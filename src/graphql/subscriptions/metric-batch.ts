import { Field, Int, ObjectType } from "type-graphql";
import { NumberScalar } from "../../entities/scalars.js";
import type { MetricPoint } from "../../spec/metrics.js";

@ObjectType({ description: "One measurement of a run." })
export class RunMetricPoint implements MetricPoint {
  @Field(() => Int, { description: "1, 2, 3 … within the run, without gaps, in the order they were measured." })
  seq!: number;

  @Field({
    description:
      "`loss` and `learning_rate`: one value per optimizer step. `epoch_loss`, `val_loss` and metrics such as `accuracy`: one per epoch.",
  })
  name!: string;

  @Field(() => Int, { description: "Optimizer steps done." })
  step!: number;

  @Field(() => Int, { description: "The epoch, from 1." })
  epoch!: number;

  @Field(() => NumberScalar, { description: "The value; NaN and infinities are strings." })
  value!: number;
}

@ObjectType({ description: "A resumed run goes on from an earlier step." })
export class Rewind {
  @Field(() => Int, { description: "Points of later steps, sent before, are measured anew." })
  toStep!: number;
}

@ObjectType({ description: "Points of a run that follow those sent before." })
export class RunMetricBatch {
  @Field({ description: "Give it as `after` to go on behind this batch, on any server, at any time." })
  cursor!: string;

  @Field(() => [RunMetricPoint], { description: "In the order of `seq`; may be empty in the last batch." })
  points!: MetricPoint[];

  @Field(() => Rewind, {
    nullable: true,
    description:
      "Set when the run was resumed where its numbers may differ from those sent before (another executor, thread count or CPU level); else null.",
  })
  rewind!: Rewind | null;

  @Field({ description: "Whether the run has ended and this is its last batch; the subscription then completes." })
  finished!: boolean;
}

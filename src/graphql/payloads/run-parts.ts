import { Ctx, Field, Int, ObjectType } from "type-graphql";
import { DatasetVersion } from "../../entities/dataset.js";
import { Cost } from "../../entities/field-cost.js";
import { ModelRevision } from "../../entities/model.js";
import { OptimizerRevision } from "../../entities/optimizer.js";
import type { Gate, Run } from "../../entities/run.js";
import { NumberScalar } from "../../entities/scalars.js";
import { ModelVersion } from "../../entities/version.js";
import type { Context } from "../context/context.js";

@ObjectType({ description: "The inputs of a run. With its `spec` they are all that is needed to repeat it." })
export class Lineage {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  @Field(() => DatasetVersion, { description: "The rows that it trains on." })
  datasetVersion(@Ctx() { loaders }: Context): Promise<DatasetVersion | null> {
    return loaders.byId(DatasetVersion).load(this.#run.datasetVersionId);
  }

  @Field(() => ModelRevision, { description: "The model declaration that it trains." })
  modelRevision(@Ctx() { loaders }: Context): Promise<ModelRevision | null> {
    return loaders.byId(ModelRevision).load(this.#run.modelRevisionId);
  }

  @Field(() => OptimizerRevision, { description: "The optimizer declaration that it uses." })
  optimizerRevision(@Ctx() { loaders }: Context): Promise<OptimizerRevision | null> {
    return loaders.byId(OptimizerRevision).load(this.#run.optimizerRevisionId);
  }

  @Field(() => ModelVersion, {
    nullable: true,
    description: "The version whose weights it starts from; null for a training from scratch.",
  })
  parentVersion(@Ctx() { loaders }: Context): Promise<ModelVersion | null> | null {
    const { parentVersionId } = this.#run;
    return parentVersionId === null ? null : loaders.byId(ModelVersion).load(parentVersionId);
  }
}

@ObjectType("Gate", { description: "The condition under which a retrained version gets the alias." })
export class GateObject implements Gate {
  @Field({ description: "The alias to move; the version it points to is the one to compare with." })
  alias!: string;

  @Field({ description: "The metric that both versions are compared by, on the same test rows." })
  metric!: string;

  @Field(() => NumberScalar, { description: "How much worse the new version may be, in the metric's unit." })
  mustNotDropBy!: number;
}

@ObjectType({ description: "One point in a metric's history." })
export class MetricSeriesPoint {
  @Field(() => Int, { description: "Optimizer steps completed at the time of the measurement." })
  step!: number;

  @Field(() => Int, { description: "Epoch of the measurement, from 1." })
  epoch!: number;

  @Field(() => NumberScalar, { description: "The value; NaN and infinities are strings." })
  value!: number;
}

@ObjectType({ description: "The history of one metric of a run." })
export class MetricSeries {
  @Field({ description: "Name of the metric, such as `loss` or `val_accuracy`." })
  name!: string;

  @Cost({ length: "PAGE" })
  @Field(() => [MetricSeriesPoint], { description: "The points, in the order of measurement." })
  points!: MetricSeriesPoint[];
}

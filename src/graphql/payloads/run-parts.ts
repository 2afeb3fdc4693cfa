import { Ctx, Field, Int, ObjectType } from "type-graphql";
import { DatasetVersion } from "../../entities/dataset.js";
import { Cost } from "../../entities/field-cost.js";
import { ModelRevision } from "../../entities/model.js";
import { OptimizerRevision } from "../../entities/optimizer.js";
import type { Run } from "../../entities/run.js";
import { NumberScalar } from "../../entities/scalars.js";
import { ModelVersion } from "../../entities/version.js";
import type { Context } from "../context/context.js";

@ObjectType({ description: "Everything a run was made from; together with its `spec` it can be repeated from this." })
export class Lineage {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  @Field(() => DatasetVersion, { description: "The rows." })
  datasetVersion(@Ctx() { loaders }: Context): Promise<DatasetVersion | null> {
    return loaders.byId(DatasetVersion).load(this.#run.datasetVersionId);
  }

  @Field(() => ModelRevision, { description: "The network." })
  modelRevision(@Ctx() { loaders }: Context): Promise<ModelRevision | null> {
    return loaders.byId(ModelRevision).load(this.#run.modelRevisionId);
  }

  @Field(() => OptimizerRevision, { description: "The update rule." })
  optimizerRevision(@Ctx() { loaders }: Context): Promise<OptimizerRevision | null> {
    return loaders.byId(OptimizerRevision).load(this.#run.optimizerRevisionId);
  }

  @Field(() => ModelVersion, {
    nullable: true,
    description: "The version whose weights it started from; null for a training from scratch.",
  })
  parentVersion(@Ctx() { loaders }: Context): Promise<ModelVersion | null> | null {
    const { parentVersionId } = this.#run;
    return parentVersionId === null ? null : loaders.byId(ModelVersion).load(parentVersionId);
  }
}

@ObjectType({ description: "One point of a metric's history." })
export class MetricSeriesPoint {
  @Field(() => Int, { description: "The optimizer step it was measured at." })
  step!: number;

  @Field(() => Int, { description: "The epoch it was measured in, from 1." })
  epoch!: number;

  @Field(() => NumberScalar, { description: "The value." })
  value!: number;
}

@ObjectType({ description: "The history of one metric of a run." })
export class MetricSeries {
  @Field({ description: "Such as `loss` or `val_accuracy`." })
  name!: string;

  @Cost({ length: "PAGE" })
  @Field(() => [MetricSeriesPoint], { description: "In the order they were measured." })
  points!: MetricSeriesPoint[];
}

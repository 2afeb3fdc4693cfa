import { Ctx, Field, ObjectType } from "type-graphql";
import { Dataset, DatasetVersion } from "../../entities/dataset.js";
import { Model } from "../../entities/model.js";
import { Optimizer } from "../../entities/optimizer.js";
import { Retraining } from "../../entities/retraining.js";
import type { Context } from "../context.js";
import { Payload } from "./problem.js";

/** What every declaration answers. */
@ObjectType({ description: "What every declaration answers." })
export abstract class DeclarationPayload extends Payload {
  @Field({
    description: "Whether the declaration changed anything: false if it equals the current one or has problems.",
  })
  changed!: boolean;
}

@ObjectType({ description: "The result of `declareDataset`." })
export class DeclareDatasetPayload extends DeclarationPayload {
  datasetId?: string;

  @Field(() => Dataset, {
    nullable: true,
    description: "The dataset after the mutation; null when there are problems.",
  })
  async dataset(@Ctx() { loaders }: Context): Promise<Dataset | null> {
    return this.datasetId === undefined ? null : loaders.byId(Dataset).load(this.datasetId);
  }
}

@ObjectType({ description: "The result of `appendRows`." })
export class AppendRowsPayload extends Payload {
  versionId?: string;

  @Field(() => DatasetVersion, {
    nullable: true,
    description: "The new dataset version; null when there are problems.",
  })
  async version(@Ctx() { loaders }: Context): Promise<DatasetVersion | null> {
    return this.versionId === undefined ? null : loaders.byId(DatasetVersion).load(this.versionId);
  }
}

@ObjectType({ description: "The result of `declareModel`." })
export class DeclareModelPayload extends DeclarationPayload {
  modelId?: string;

  @Field(() => Model, { nullable: true, description: "The model after the mutation; null when there are problems." })
  async model(@Ctx() { loaders }: Context): Promise<Model | null> {
    return this.modelId === undefined ? null : loaders.byId(Model).load(this.modelId);
  }
}

@ObjectType({ description: "The result of `declareOptimizer`." })
export class DeclareOptimizerPayload extends DeclarationPayload {
  optimizerId?: string;

  @Field(() => Optimizer, {
    nullable: true,
    description: "The optimizer after the mutation; null when there are problems.",
  })
  async optimizer(@Ctx() { loaders }: Context): Promise<Optimizer | null> {
    return this.optimizerId === undefined ? null : loaders.byId(Optimizer).load(this.optimizerId);
  }
}

@ObjectType({ description: "The result of `declareRetraining`." })
export class DeclareRetrainingPayload extends DeclarationPayload {
  retrainingId?: string;

  @Field(() => Retraining, {
    nullable: true,
    description: "The policy after the mutation; null when there are problems.",
  })
  async retraining(@Ctx() { loaders }: Context): Promise<Retraining | null> {
    return this.retrainingId === undefined ? null : loaders.byId(Retraining).load(this.retrainingId);
  }
}

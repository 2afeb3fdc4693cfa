import { Ctx, Field, ObjectType } from "type-graphql";
import { Alias } from "../../entities/alias.js";
import { Model } from "../../entities/model.js";
import { Run } from "../../entities/run.js";
import { ModelVersion } from "../../entities/version.js";
import type { Context } from "../context.js";
import { Payload } from "./problem.js";

@ObjectType({ description: "The result of a mutation of a run." })
export class RunPayload extends Payload {
  runId?: string;

  @Field(() => Run, { nullable: true, description: "The run after the mutation; null when there are problems." })
  async run(@Ctx() { loaders }: Context): Promise<Run | null> {
    return this.runId === undefined ? null : loaders.byId(Run).load(this.runId);
  }
}

@ObjectType({ description: "The result of `setAlias`." })
export class SetAliasPayload extends Payload {
  modelId?: string;
  name?: string;

  @Field(() => Alias, { nullable: true, description: "The alias after the mutation; null when there are problems." })
  async alias(@Ctx() { platform }: Context): Promise<Alias | null> {
    const { modelId, name } = this;
    return modelId === undefined ? null : platform.db.manager.findOneBy(Alias, { modelId, name });
  }
}

@ObjectType({ description: "The result of `deleteAlias`." })
export class DeleteAliasPayload extends Payload {
  modelId?: string;

  @Field(() => Model, {
    nullable: true,
    description: "The model that the alias belonged to; null when there are problems.",
  })
  async model(@Ctx() { loaders }: Context): Promise<Model | null> {
    return this.modelId === undefined ? null : loaders.byId(Model).load(this.modelId);
  }
}

@ObjectType({ description: "The result of `tagVersion`." })
export class TagVersionPayload extends Payload {
  versionId?: string;

  @Field(() => ModelVersion, {
    nullable: true,
    description: "The version after the mutation; null when there are problems.",
  })
  async version(@Ctx() { loaders }: Context): Promise<ModelVersion | null> {
    return this.versionId === undefined ? null : loaders.byId(ModelVersion).load(this.versionId);
  }
}

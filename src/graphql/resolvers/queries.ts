import { Arg, Args, Ctx, ID, Query, Resolver } from "type-graphql";
import { Dataset } from "../../entities/dataset.js";
import { Cost } from "../../entities/field-cost.js";
import { Model } from "../../entities/model.js";
import { Node } from "../../entities/node.js";
import { Optimizer } from "../../entities/optimizer.js";
import { Retraining } from "../../entities/retraining.js";
import { Run } from "../../entities/run.js";
import { ModelVersion } from "../../entities/version.js";
import { Worker } from "../../entities/worker.js";
import { badInput, maxListLength } from "../../lists/condition.js";
import { sliceOf } from "../../lists/slice.js";
import { findVersion } from "../../registry/versions.js";
import { liveWorkers } from "../../scheduler/workers.js";
import { DatasetConnection, DatasetsArguments, datasets } from "../collections/datasets.js";
import { ModelVersionConnection, ModelVersionsArguments, modelVersions } from "../collections/model-versions.js";
import { ModelConnection, ModelsArguments, models } from "../collections/models.js";
import { OptimizerConnection, OptimizersArguments, optimizers } from "../collections/optimizers.js";
import { RetrainingConnection, RetrainingsArguments, retrainings } from "../collections/retrainings.js";
import { RunConnection, RunsArguments, runs } from "../collections/runs.js";
import type { Context } from "../context.js";
import { findNode } from "../node.js";
import { checkVersionReference } from "../version-reference.js";

@Resolver()
export class Queries {
  @Query(() => Dataset, { nullable: true, description: "A dataset; null if there is none of this name." })
  dataset(
    @Arg("name", () => String, { description: "Name of the object." }) name: string,
    @Ctx() { loaders }: Context,
  ): Promise<Dataset | null> {
    return loaders.byName(Dataset).load(name);
  }

  @Query(() => DatasetConnection, { description: "All datasets." })
  datasets(@Args(() => DatasetsArguments) args: DatasetsArguments, @Ctx() { loaders }: Context) {
    return new DatasetConnection(sliceOf(loaders, datasets, args));
  }

  @Query(() => Model, { nullable: true, description: "A model; null if there is none of this name." })
  model(
    @Arg("name", () => String, { description: "Name of the object." }) name: string,
    @Ctx() { loaders }: Context,
  ): Promise<Model | null> {
    return loaders.byName(Model).load(name);
  }

  @Query(() => ModelConnection, { description: "All models." })
  models(@Args(() => ModelsArguments) args: ModelsArguments, @Ctx() { loaders }: Context) {
    return new ModelConnection(sliceOf(loaders, models, args));
  }

  @Query(() => Optimizer, { nullable: true, description: "An optimizer; null if there is none of this name." })
  optimizer(
    @Arg("name", () => String, { description: "Name of the object." }) name: string,
    @Ctx() { loaders }: Context,
  ): Promise<Optimizer | null> {
    return loaders.byName(Optimizer).load(name);
  }

  @Query(() => OptimizerConnection, { description: "All optimizers." })
  optimizers(@Args(() => OptimizersArguments) args: OptimizersArguments, @Ctx() { loaders }: Context) {
    return new OptimizerConnection(sliceOf(loaders, optimizers, args));
  }

  @Query(() => Retraining, { nullable: true, description: "A retraining policy; null if there is none of this name." })
  retraining(
    @Arg("name", () => String, { description: "Name of the object." }) name: string,
    @Ctx() { loaders }: Context,
  ): Promise<Retraining | null> {
    return loaders.byName(Retraining).load(name);
  }

  @Query(() => RetrainingConnection, { description: "All retraining policies." })
  retrainings(@Args(() => RetrainingsArguments) args: RetrainingsArguments, @Ctx() { loaders }: Context) {
    return new RetrainingConnection(sliceOf(loaders, retrainings, args));
  }

  @Query(() => Run, { nullable: true, description: "A run; null if there is none of this id." })
  run(
    @Arg("id", () => ID, { description: "Id of the run, such as `run_…`." }) id: string,
    @Ctx() { loaders }: Context,
  ) {
    return loaders.byId(Run).load(id);
  }

  @Query(() => RunConnection, { description: "The runs of all models." })
  runs(@Args(() => RunsArguments) args: RunsArguments, @Ctx() { loaders }: Context) {
    return new RunConnection(sliceOf(loaders, runs, args));
  }

  @Cost({ statement: true })
  @Query(() => ModelVersion, { nullable: true, description: "A trained version; null if the reference leads to none." })
  modelVersion(
    @Arg("ref", () => String, {
      description: 'Reference to a version: `"name"` (the newest), `"name/3"` or `"name@alias"`.',
    })
    ref: string,
    @Ctx() { platform }: Context,
  ): Promise<ModelVersion | null> {
    checkVersionReference("ref", ref);
    return findVersion(platform.db.manager, ref);
  }

  @Query(() => ModelVersionConnection, { description: "The versions of all models." })
  modelVersions(@Args(() => ModelVersionsArguments) args: ModelVersionsArguments, @Ctx() { loaders }: Context) {
    return new ModelVersionConnection(sliceOf(loaders, modelVersions, args));
  }

  @Cost({ length: 20, statement: true })
  @Query(() => [Worker], { description: "The live workers (last heartbeat at most 15 seconds ago), oldest first." })
  workers(@Ctx() { platform }: Context): Promise<Worker[]> {
    return liveWorkers(platform.db);
  }

  @Query(() => Node, { nullable: true, description: "An object of any kind; null if there is none of this id." })
  node(@Arg("id", () => ID, { description: "Id of the object." }) id: string, @Ctx() { loaders }: Context) {
    return findNode(loaders, id);
  }

  @Cost({ length: { arguments: ["ids"], otherwise: 0, max: maxListLength } })
  @Query(() => [Node], {
    nullable: "items",
    description: "The objects of several ids, in the same order; null for unknown ids.",
  })
  nodes(
    @Arg("ids", () => [ID], { description: "At most 1,000 ids." }) ids: string[],
    @Ctx() { loaders }: Context,
  ): Promise<(Node | null)[]> {
    if (ids.length > maxListLength) throw badInput("ids", `must hold at most ${maxListLength} ids, got ${ids.length}`);
    return Promise.all(ids.map((id) => findNode(loaders, id)));
  }
}

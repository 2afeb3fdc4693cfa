import { Arg, Args, Ctx, FieldResolver, Int, Resolver, Root } from "type-graphql";
import { Dataset, DatasetVersion } from "../../entities/dataset.js";
import { DatasetEvent } from "../../entities/event.js";
import { sliceOf } from "../../lists/slice.js";
import {
  DatasetVersionConnection,
  DatasetVersionsArguments,
  datasetVersions,
} from "../collections/dataset-versions.js";
import { ModelConnection, ModelsArguments, models } from "../collections/models.js";
import type { Context } from "../context.js";
import { numberedLoader } from "../numbered.js";

@Resolver(() => Dataset)
export class DatasetFields {
  @FieldResolver(() => DatasetVersion, {
    nullable: true,
    description: "The newest version; null before the first append.",
  })
  latestVersion(@Root() dataset: Dataset, @Ctx() { loaders }: Context): Promise<DatasetVersion | null> {
    return numberedLoader(loaders, DatasetVersion, "dataset_id").load({ ownerId: dataset.id });
  }

  @FieldResolver(() => DatasetVersion, {
    nullable: true,
    description: "One version; null if there is none of this number.",
  })
  version(
    @Root() dataset: Dataset,
    @Arg("number", () => Int, { description: "Number of the version." }) number: number,
    @Ctx() { loaders }: Context,
  ): Promise<DatasetVersion | null> {
    return numberedLoader(loaders, DatasetVersion, "dataset_id").load({ ownerId: dataset.id, number });
  }

  @FieldResolver(() => DatasetVersionConnection, { description: "All versions." })
  versions(
    @Root() dataset: Dataset,
    @Args(() => DatasetVersionsArguments) args: DatasetVersionsArguments,
    @Ctx() { loaders }: Context,
  ) {
    const owner = { column: "dataset_id", id: dataset.id };
    return new DatasetVersionConnection(sliceOf(loaders, datasetVersions, args, owner));
  }

  @FieldResolver(() => ModelConnection, { description: "The models that train on this dataset." })
  models(@Root() dataset: Dataset, @Args(() => ModelsArguments) args: ModelsArguments, @Ctx() { loaders }: Context) {
    return new ModelConnection(sliceOf(loaders, models, args, { column: "dataset_id", id: dataset.id }));
  }
}

@Resolver(() => DatasetVersion)
export class DatasetVersionFields {
  @FieldResolver(() => Dataset, { description: "The dataset that the version belongs to." })
  dataset(@Root() version: DatasetVersion, @Ctx() { loaders }: Context): Promise<Dataset | null> {
    return loaders.byId(Dataset).load(version.datasetId);
  }
}

@Resolver(() => DatasetEvent)
export class DatasetEventFields {
  @FieldResolver(() => DatasetVersion, {
    nullable: true,
    description: "The version that was created; null if the entry created none.",
  })
  version(@Root() event: DatasetEvent, @Ctx() { loaders }: Context): Promise<DatasetVersion | null> | null {
    return event.versionId === null ? null : loaders.byId(DatasetVersion).load(event.versionId);
  }
}

import { Arg, Ctx, Field, Float, Int, ObjectType, Query, Resolver } from "type-graphql";
import { compareDatasets, profileDataset } from "../../datasets/profiles.js";
import { DatasetVersion, FeatureTypeEnum } from "../../entities/dataset.js";
import { enumFor } from "../../entities/enum.js";
import { Cost } from "../../entities/field-cost.js";
import type { FeatureType } from "../../language/datasets/dataset.js";
import { featureProfile } from "../../language/datasets/profile.js";
import type { Problem } from "../../language/fields/problem.js";
import { type Drift, type DriftTest, driftTests, type FeatureDrift } from "../../profile/drift/compare.js";
import type { FeatureProfile } from "../../profile/profile.js";
import { addShape } from "../builders/shapes.js";
import type { Context } from "../context/context.js";
import { ProblemObject } from "../payloads/problem.js";

const DriftTestEnum = enumFor(driftTests);

@ObjectType(featureProfile.name, { description: featureProfile.doc })
class FeatureProfileObject {
  @Field(() => FeatureTypeEnum, { description: "The feature's type." })
  type!: FeatureType;
}
addShape(FeatureProfileObject, featureProfile);

@ObjectType({ description: "What the values of a dataset version look like." })
class DatasetProfile {
  @Field(() => DatasetVersion, { description: "The version." })
  version!: DatasetVersion;

  @Field(() => Int, { description: "Number of rows." })
  rowCount!: number;

  @Cost({ length: 30 })
  @Field(() => [FeatureProfileObject], { description: "The features, in declared order." })
  features!: FeatureProfile[];

  @Cost({ length: 10 })
  @Field(() => [ProblemObject], {
    description:
      "What is conspicuous, with the feature as path: constant features, many missing values, and what the version's own rows have that earlier ones have not. At most 200.",
  })
  warnings!: Problem[];
}

@ObjectType("FeatureDrift", { description: "Whether the values of one feature have changed." })
class FeatureDriftObject implements FeatureDrift {
  @Field({ description: "The feature's name." })
  name!: string;

  @Field(() => DriftTestEnum, { description: "How its values were compared." })
  test!: DriftTest;

  @Field(() => Float, { description: "The test's statistic, or the distance." })
  statistic!: number;

  @Field(() => Float, {
    nullable: true,
    description: "Corrected for the number of features tested (Benjamini and Hochberg); null for distances.",
  })
  pValue!: number | null;

  @Field(() => Float, { description: "Drifted: a p-value of at most this, or a distance of at least this." })
  threshold!: number;

  @Field({ description: "Whether its values have changed." })
  drifted!: boolean;
}

@ObjectType("DatasetDrift", { description: "Whether the values of a dataset have changed." })
class DatasetDriftObject implements Drift {
  @Field({ description: "Whether at least half of the compared features have drifted." })
  drifted!: boolean;

  @Field(() => Float, { description: "Drifted features over features compared." })
  share!: number;

  @Cost({ length: 30 })
  @Field(() => [FeatureDriftObject], {
    description: "The features compared: all but texts that seldom repeat, and features without values in either part.",
  })
  features!: FeatureDrift[];
}

@Resolver()
export class ProfileQueries {
  @Cost({ weight: 5_000, statement: true, seconds: 300 })
  @Query(() => DatasetProfile, {
    description: "What the values of a dataset look like. NOT_FOUND before the first append.",
  })
  async datasetProfile(
    @Arg("dataset", () => String, { description: "Name of the dataset." }) dataset: string,
    @Arg("version", () => Int, { nullable: true, description: "Number of the version. Default: the newest." })
    number: number | null,
    @Ctx() { platform, session }: Context,
  ): Promise<DatasetProfile> {
    const { store, intake } = platform;
    const { version, profile, warnings } = await profileDataset(session, store, intake, dataset, number);
    return Object.assign(new DatasetProfile(), { version, ...profile, warnings });
  }

  @Cost({ weight: 5_000, statement: true, seconds: 300 })
  @Query(() => DatasetDriftObject, {
    description: "Whether rows that were added later have other values than those before.",
  })
  compareDatasets(
    @Arg("dataset", () => String, { description: "Name of the dataset." }) dataset: string,
    @Arg("reference", () => Int, { description: "Number of a version: all rows up to it are the reference." })
    reference: number,
    @Arg("current", () => Int, {
      description: "Number of a later version: the rows added after the reference, up to it.",
    })
    current: number,
    @Ctx() { platform, session }: Context,
  ): Promise<Drift> {
    return compareDatasets(session, platform.store, platform.intake, { dataset, reference, current });
  }
}

import { Field, ObjectType } from "type-graphql";
import type { Environment } from "../language/training/environment.js";
import { Cost } from "./field-cost.js";

@ObjectType({
  description:
    "What a run's newest attempt computes with. In equal environments the same run gives the same weights, bit for bit.",
})
export class RunEnvironment implements Environment {
  @Field({ description: "Such as `onnx-cpu-1`: how steps are computed, on what, with how many threads." })
  executor!: string;

  @Field({ description: "The library that computes them, with its version, such as `onnxruntime 1.30.0`." })
  runtime!: string;

  @Field({ description: "The instructions it may use, such as `x86-64-v4`." })
  processor!: string;

  @Field({ description: "The processor by name, for people: the bits do not depend on it." })
  processorModel!: string;

  @Field({ description: "Operating system and architecture, such as `linux-x64`." })
  platform!: string;

  @Field({ description: "Version of Node.js." })
  node!: string;

  @Field({ description: "Version of Perennial." })
  perennial!: string;
}

@ObjectType({ description: "One entry of two environments that is not the same." })
export class EnvironmentDifference {
  @Field({ description: "The field of `RunEnvironment`, such as `executor`; or `device`." })
  name!: string;

  @Field({ description: "What it was for the version." })
  expected!: string;

  @Field({ description: "What it was this time." })
  actual!: string;
}

@ObjectType({ description: "The verdict of `reproduceVersion`." })
export class Reproduction {
  @Field({ description: "Whether the weights are the same, bit for bit." })
  agrees!: boolean;

  @Field({ description: "The digest of the version's weights." })
  expectedDigest!: string;

  @Field({ description: "The digest of the weights that were trained this time." })
  digest!: string;

  @Field({ description: "For people: what may be the cause where they differ." })
  reason!: string;

  @Cost({ length: 5 })
  @Field(() => [EnvironmentDifference], {
    description: "What was different about the computation, whether or not it made a difference.",
  })
  differences!: EnvironmentDifference[];
}

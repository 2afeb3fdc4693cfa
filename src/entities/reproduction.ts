import { Field, ObjectType } from "type-graphql";
import type { Environment } from "../language/training/environment.js";
import { Cost } from "./field-cost.js";

@ObjectType({
  description:
    "The software and processor of a run's newest attempt. Equal environments and devices give bit-identical weights for the same run.",
})
export class RunEnvironment implements Environment {
  @Field({ description: "Executor, device and number of threads, such as `onnx-cpu-1`." })
  executor!: string;

  @Field({ description: "Library that computes the steps, with its version, such as `onnxruntime 1.30.0`." })
  runtime!: string;

  @Field({ description: "Instruction set of the processor, such as `x86-64-v4`." })
  processor!: string;

  @Field({ description: "Name of the processor. It does not affect the results." })
  processorModel!: string;

  @Field({ description: "Operating system and architecture, such as `linux-x64`." })
  platform!: string;

  @Field({ description: "Version of Node.js." })
  node!: string;

  @Field({ description: "Version of Perennial." })
  perennial!: string;
}

@ObjectType({ description: "One difference between two environments." })
export class EnvironmentDifference {
  @Field({ description: "The field of `RunEnvironment` that differs, such as `executor`; or `device`." })
  name!: string;

  @Field({ description: "Its value in the run that made the version." })
  expected!: string;

  @Field({ description: "Its value in this run." })
  actual!: string;
}

@ObjectType({ description: "The result of `reproduceVersion`." })
export class Reproduction {
  @Field({ description: "Whether the weights are bit-identical." })
  agrees!: boolean;

  @Field({ description: "Digest of the version's weights." })
  expectedDigest!: string;

  @Field({ description: "Digest of the weights that this run trained." })
  digest!: string;

  @Field({ description: "Explanation in plain text; for different weights, the likely cause." })
  reason!: string;

  @Cost({ length: 5 })
  @Field(() => [EnvironmentDifference], {
    description: "Differences between the two environments, whether or not they changed the weights.",
  })
  differences!: EnvironmentDifference[];
}

import { Field, ObjectType } from "type-graphql";
import type { Gate as DeclaredGate } from "../language/retraining/gate.js";
import { NumberScalar } from "./scalars.js";

@ObjectType({ description: "What a retrained version must pass to take the alias." })
export class Gate implements DeclaredGate {
  @Field({ description: "The alias it takes; also names the version it is compared with." })
  alias!: string;

  @Field({ description: "The metric both are measured by, on the same held-out rows." })
  metric!: string;

  @Field(() => NumberScalar, { description: "How much worse than the version in service it may be." })
  mustNotDropBy!: number;
}

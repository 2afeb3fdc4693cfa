import { Field, InputType } from "type-graphql";
import { MutationInput } from "./fields.js";

@InputType({ description: "Options of a garbage collection." })
export class CollectGarbageInput extends MutationInput {
  @Field(() => Boolean, {
    nullable: true,
    description: "Whether to only count the objects that would be deleted. Default: false.",
  })
  dryRun?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "Whether to also delete objects that this database does not know. Use it only after a restore from a backup, to give up everything newer; this cannot be undone. Default: false.",
  })
  acceptLoss?: boolean | null;
}

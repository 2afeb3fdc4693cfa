import { Field, InputType } from "type-graphql";
import { MutationInput } from "./fields.js";

@InputType({ description: "Deletes what is nobody's from the object store." })
export class CollectGarbageInput extends MutationInput {
  @Field(() => Boolean, { nullable: true, description: "Only counts what would be deleted. Default: false." })
  dryRun?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "Deletes also what this database has never heard of. Only after it was restored from a backup, when what came after the backup is given up: it cannot be had back. Default: false.",
  })
  acceptLoss?: boolean | null;
}

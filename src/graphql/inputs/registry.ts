import { Field, InputType, Int } from "type-graphql";
import type { AliasDeclaration } from "../../registry/aliases.js";
import type { TagDeclaration } from "../../registry/tags.js";
import type { ReproduceRequest } from "../../runs/reproduce.js";
import { MutationInput } from "./fields.js";

@InputType({ description: "What both alias mutations have." })
abstract class AliasInput extends MutationInput {
  @Field({ description: "The model's name." })
  model!: string;

  @Field({
    description:
      "1 to 63 letters, digits, hyphens and underscores, beginning with a letter or an underscore; neither `latest` nor like `v3`.",
  })
  alias!: string;

  @Field(() => Int, {
    nullable: true,
    description:
      "Number of the version that you believe the alias points to now, from 1, or 0 for an alias that does not exist. If it is another, nothing changes and the problem is STALE. Default: whatever it is.",
  })
  expected?: number | null;

  @Field(() => String, {
    nullable: true,
    description: "Kept in the alias's history, if it moves; at most 1,000 characters.",
  })
  reason?: string | null;
}

@InputType({ description: "Points an alias to a version of a model, which has at most 1,000 aliases." })
export class SetAliasInput extends AliasInput implements AliasDeclaration {
  @Field(() => Int, { description: "Number of the version it shall point to, from 1." })
  version!: number;
}

@InputType({ description: "Removes an alias; its history stays." })
export class DeleteAliasInput extends AliasInput implements Omit<AliasDeclaration, "version"> {}

@InputType({ description: "Sets or removes one tag of a version." })
export class TagVersionInput extends MutationInput implements TagDeclaration {
  @Field({ description: "The version: `name` (the newest), `name/3` or `name@champion`." })
  version!: string;

  @Field({ description: "1 to 100 of the characters A-Z a-z 0-9 _ . / -; unique within the version." })
  key!: string;

  @Field(() => String, {
    nullable: true,
    description: "At most 1,000 characters. A version has at most 1,000 tags. Null or absent: the tag is removed.",
  })
  value?: string | null;
}

@InputType({ description: "Trains a version again." })
export class ReproduceVersionInput extends MutationInput implements ReproduceRequest {
  @Field({ description: "The version: `name` (the newest), `name/3` or `name@champion`." })
  ref!: string;
}

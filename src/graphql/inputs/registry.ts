import { Field, InputType, Int } from "type-graphql";
import type { AliasDeclaration } from "../../registry/aliases.js";
import type { TagDeclaration } from "../../registry/tags.js";
import type { ReproduceRequest } from "../../runs/reproduce.js";
import { MutationInput } from "./fields.js";

@InputType({ description: "The fields of both alias mutations." })
abstract class AliasInput extends MutationInput {
  @Field({ description: "Name of the model." })
  model!: string;

  @Field({
    description:
      "Name of the alias: 1 to 63 letters, digits, hyphens and underscores, starting with a letter or an underscore; not `latest` and not like `v3`.",
  })
  alias!: string;

  @Field(() => Int, {
    nullable: true,
    description:
      "Number of the version that the alias must point to now, from 1, or 0 if it must not exist. Otherwise nothing changes and the problem is STALE. Default: not checked.",
  })
  expected?: number | null;

  @Field(() => String, {
    nullable: true,
    description: "Reason for the history of the alias; at most 1,000 characters.",
  })
  reason?: string | null;
}

@InputType({ description: "Creates or moves an alias of a model. A model has at most 1,000 aliases." })
export class SetAliasInput extends AliasInput implements AliasDeclaration {
  @Field(() => Int, { description: "Number of the version that the alias should point to, from 1." })
  version!: number;
}

@InputType({ description: "Deletes an alias. Its history is kept." })
export class DeleteAliasInput extends AliasInput implements Omit<AliasDeclaration, "version"> {}

@InputType({ description: "Sets or removes one tag of a version." })
export class TagVersionInput extends MutationInput implements TagDeclaration {
  @Field({ description: "Reference to the version: `name` (the newest), `name/3` or `name@champion`." })
  version!: string;

  @Field({ description: "Key of the tag: 1 to 100 of the characters A-Z a-z 0-9 _ . / -." })
  key!: string;

  @Field(() => String, {
    nullable: true,
    description:
      "Value of the tag, at most 1,000 characters; null or absent removes the tag. A version has at most 1,000 tags.",
  })
  value?: string | null;
}

@InputType({ description: "The version that `reproduceVersion` trains again." })
export class ReproduceVersionInput extends MutationInput implements ReproduceRequest {
  @Field({ description: "Reference to the version: `name` (the newest), `name/3` or `name@champion`." })
  ref!: string;
}

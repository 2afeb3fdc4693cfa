import { Field, InputType } from "type-graphql";

/** What every mutation's input has. */
@InputType({ description: "What every mutation's input has." })
export abstract class MutationInput {
  @Field(() => String, {
    nullable: true,
    description:
      "1 to 200 characters of your choice. A repetition with the same key returns the first result and changes nothing; with another input it fails with IDEMPOTENCY_KEY_REUSED. Default: none.",
  })
  idempotencyKey?: string | null;
}

/** What every declaration has. */
@InputType({ description: "What every declaration has." })
export abstract class DeclarationInput extends MutationInput {
  @Field({
    description:
      "Unique among its kind: 1 to 63 letters, digits, dots, hyphens and underscores, beginning with a letter.",
  })
  name!: string;

  @Field(() => String, { nullable: true, description: "For people; at most 4,000 characters. Default: empty." })
  description?: string | null;
}

import { InputType } from "type-graphql";
import type { DeclaredFields, Struct } from "../../language/fields/field.js";
import { limits } from "../../language/fields/limits.js";
import { described } from "../../language/fields/scalars.js";
import { addFields, type InputClass, inputOf } from "./derive.js";

const mutationFields = {
  idempotencyKey: described<string, { doc: string; otherwise: string }>(
    { type: "TEXT", min: 1, max: limits.idempotencyKeyLength },
    {
      doc: "A key of your choice. A repetition with the same key returns the first result and changes nothing; with another input it fails with IDEMPOTENCY_KEY_REUSED.",
      otherwise: "none",
    },
  ),
};

/** The input of a mutation, as its resolver gets it. */
export type Input<Declaration> = Declaration & DeclaredFields<typeof mutationFields>;

/** The input type of a mutation: the fields of a struct, and those that every mutation's input has. */
export function mutationInput({ fields, ...struct }: Struct): InputClass {
  return inputOf({ ...struct, fields: { ...mutationFields, ...fields } });
}

/** What every mutation's input has. */
@InputType({ description: "What every mutation's input has." })
export abstract class MutationInput {
  idempotencyKey?: string | null;
}
addFields(MutationInput as InputClass, mutationFields);

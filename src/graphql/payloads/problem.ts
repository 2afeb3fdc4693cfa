import { Field, ObjectType, registerEnumType } from "type-graphql";
import { enumOf } from "../../entities/enum.js";
import { Cost } from "../../entities/field-cost.js";
import type { Problem, ProblemCode } from "../../language/fields/problem.js";

const meanings: Record<ProblemCode, string> = {
  REQUIRED: "A required value is missing.",
  BAD_NAME: "A name or reference is malformed.",
  BAD_TYPE: "The value has the wrong type.",
  OUT_OF_RANGE: "The value is out of range.",
  TOO_LONG: "A text or a list is too long.",
  EMPTY: "A text or a list is empty and must not be.",
  DUPLICATE: "A value occurs twice and must be unique.",
  CONTRADICTION: "The value conflicts with another part of the declaration.",
  EXACTLY_ONE: "Exactly one of several fields must be given.",
  UNKNOWN_FIELD: "A row has a field that is not a feature of its dataset.",
  UNKNOWN_CATEGORY: "A row or a class weight uses a category that is not declared.",
  UNKNOWN_REFERENCE: "The referenced object does not exist.",
  UNKNOWN_METRIC: "The model has no metric of this name.",
  SHAPE_MISMATCH: "Shapes are incompatible.",
  SPLIT_EMPTY: "A part of the split that is needed has no rows.",
  BATCH_TOO_LARGE: "The batch size exceeds the number of training rows.",
  DATASET_HAS_ROWS:
    "Features and split of a dataset cannot change once it has rows, but that features may become nullable and nullable ones be added.",
  STALE: "The object has changed since it was read.",
  RESERVED_NAME: "The name is reserved.",
  UNSUPPORTED: "The training step needs an operation that cannot be compiled, or more than 100,000 operations.",
  OUT_OF_MEMORY: "The training needs more memory than any live worker has.",
  STORAGE_FULL: "There is no room left to store what would be made.",
  UNREADABLE: "A file, or a line of it, cannot be read as a table.",
  EXPIRED: "The bytes of an upload are no longer kept.",
  UPLOAD_CHANGED: "The bytes of an upload are not those that were looked at before.",
  CONSTANT: "A feature has one value, or none.",
  MISSING_OFTEN: "A feature is missing in many rows.",
  MISSING_RISING: "A feature is missing in more of the added rows than before.",
};
const codes = Object.keys(meanings) as ProblemCode[];

export const ProblemCodeEnum = enumOf(codes) as { [Code in ProblemCode]: Code };
registerEnumType(ProblemCodeEnum, {
  name: "ProblemCode",
  description: "Machine-readable kind of a problem.",
  valuesConfig: Object.fromEntries(codes.map((code) => [code, { description: meanings[code] }])),
});

@ObjectType("Problem", {
  description:
    "An error in one field of a mutation's input, or in one row of `predict`. A mutation with problems stores nothing.",
})
export class ProblemObject implements Problem {
  @Field({
    description:
      "Path of the field within `input`, such as `layers[1].dropout.rate`, or in `predict`, such as `rows[3].species`; empty for the input as a whole.",
  })
  path!: string;

  @Field(() => ProblemCodeEnum, { description: "Machine-readable kind of a problem." })
  code!: ProblemCode;

  @Field({ description: "What is wrong and what is expected, in plain text." })
  message!: string;
}

/** What every mutation answers. */
@ObjectType({ description: "What every mutation answers." })
export abstract class Payload {
  @Cost({ length: 100 })
  @Field(() => [ProblemObject], {
    description:
      "All problems of the input; for rows at most 100. If there are any, nothing was stored; if there are none, the mutation is done.",
  })
  problems!: Problem[];
}

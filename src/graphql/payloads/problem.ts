import { Field, ObjectType, registerEnumType } from "type-graphql";
import { enumOf } from "../../entities/enum.js";
import { Cost } from "../../entities/field-cost.js";
import type { Problem, ProblemCode } from "../../language/fields/problem.js";

const meanings: Record<ProblemCode, string> = {
  REQUIRED: "A value is missing.",
  BAD_NAME: "A name or reference is not written as it must be.",
  BAD_TYPE: "The value is of the wrong kind.",
  OUT_OF_RANGE: "The value lies outside its range.",
  TOO_LONG: "A text or a list is too long.",
  EMPTY: "A text or a list must not be empty.",
  DUPLICATE: "The same is there twice.",
  CONTRADICTION: "It does not go together with another part of the declaration.",
  EXACTLY_ONE: "Exactly one of several fields must be given.",
  UNKNOWN_FIELD: "A row has a field that is no feature of its dataset.",
  UNKNOWN_CATEGORY: "A row or a class weight has a category outside the declared ones.",
  UNKNOWN_REFERENCE: "What is named does not exist.",
  UNKNOWN_METRIC: "The model has no metric of that name.",
  SHAPE_MISMATCH: "Shapes do not fit each other.",
  SPLIT_EMPTY: "A part of the split that is needed holds no rows.",
  BATCH_TOO_LARGE: "A batch is larger than the rows there are to train on.",
  DATASET_HAS_ROWS: "A dataset with rows keeps its features and split.",
  STALE: "It has changed since you looked.",
  RESERVED_NAME: "The name has a meaning of its own.",
  UNSUPPORTED: "It needs an operation that cannot be compiled, or more than 100,000 of them.",
  OUT_OF_MEMORY: "It needs more memory than any live worker has.",
};
const codes = Object.keys(meanings) as ProblemCode[];

const ProblemCodeEnum = enumOf(codes) as { [Code in ProblemCode]: Code };
registerEnumType(ProblemCodeEnum, {
  name: "ProblemCode",
  description: "What kind of problem it is, for programs.",
  valuesConfig: Object.fromEntries(codes.map((code) => [code, { description: meanings[code] }])),
});

@ObjectType("Problem", {
  description:
    "Something wrong with one field of a mutation's input, for which nothing was stored, or with one row of `predict`.",
})
export class ProblemObject implements Problem {
  @Field({
    description:
      "From `input` to the field, such as `layers[1].dropout.rate`; empty: the input as a whole. Of `predict` such as `rows[3].species`.",
  })
  path!: string;

  @Field(() => ProblemCodeEnum, { description: "What kind of problem it is, for programs." })
  code!: ProblemCode;

  @Field({ description: "What is wrong and what would be right, for people." })
  message!: string;
}

/** What every mutation answers. */
@ObjectType({ description: "What every mutation answers." })
export abstract class Payload {
  @Cost({ length: 100 })
  @Field(() => [ProblemObject], {
    description:
      "Everything that is wrong with the input; of rows the first fault of each value, at most 100. Empty: done. Otherwise nothing was stored.",
  })
  problems!: Problem[];
}

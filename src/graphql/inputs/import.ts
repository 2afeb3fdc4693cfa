import { Field, ID, InputType, registerEnumType } from "type-graphql";
import { enumOf } from "../../entities/enum.js";
import { invalidRowChoices, type OnInvalid } from "../../imports/options.js";
import type { ImportDeclaration } from "../../imports/queue/submit.js";
import { MutationInput } from "./fields.js";

const OnInvalidEnum = enumOf(invalidRowChoices);
registerEnumType(OnInvalidEnum, {
  name: "OnInvalid",
  description: "What an import does about rows that do not fit the dataset.",
  valuesConfig: {
    REFUSE: { description: "Nothing is imported." },
    SKIP: { description: "They are left out, counted and reported." },
  },
});

export const missingValuesDescription =
  'Texts that stand for a missing value. Default: `""`, `NA`, `N/A`, `NaN`, `NULL`, `null`, `None` and `?`; among names, `NA` and `None` only beside another of them.';

@InputType({ description: "Imports an uploaded file into a dataset." })
export class ImportUploadInput extends MutationInput implements ImportDeclaration {
  @Field({ description: "The dataset's name." })
  dataset!: string;

  @Field(() => ID, { description: "Id of the upload." })
  upload!: string;

  @Field(() => OnInvalidEnum, {
    nullable: true,
    description: "What becomes of rows that do not fit. Default: REFUSE.",
  })
  onInvalid?: OnInvalid | null;

  @Field(() => [String], { nullable: true, description: missingValuesDescription })
  missingValues?: string[] | null;
}

@InputType({ description: "Cancels an import." })
export class CancelImportInput extends MutationInput {
  @Field(() => ID, { description: "Id of the import; NOT_FOUND if it does not exist." })
  id!: string;
}

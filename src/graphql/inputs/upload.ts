import { Field, InputType } from "type-graphql";
import type { UploadDeclaration } from "../../uploads/create.js";
import { MutationInput } from "./fields.js";

@InputType({ description: "Creates an upload." })
export class CreateUploadInput extends MutationInput implements UploadDeclaration {
  @Field({ description: "The file's name, 1 to 255 characters. It is only shown; the format is found by the bytes." })
  fileName!: string;
}

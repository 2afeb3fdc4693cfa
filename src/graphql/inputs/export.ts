import { Field, ID, InputType, Int } from "type-graphql";
import { type ExportFormat, ExportFormatEnum } from "../../entities/dataset-export.js";
import type { ExportDeclaration } from "../../imports/queue/submit-export.js";
import { MutationInput } from "./fields.js";

@InputType({ description: "Exports the rows of a dataset as one file." })
export class ExportDatasetInput extends MutationInput implements ExportDeclaration {
  @Field({ description: "The dataset's name." })
  dataset!: string;

  @Field(() => Int, { nullable: true, description: "Number of the version. Default: the newest." })
  version?: number | null;

  @Field(() => ExportFormatEnum, { description: "The format of the file." })
  format!: ExportFormat;
}

@InputType({ description: "Cancels an export." })
export class CancelExportInput extends MutationInput {
  @Field(() => ID, { description: "Id of the export; NOT_FOUND if it does not exist." })
  id!: string;
}

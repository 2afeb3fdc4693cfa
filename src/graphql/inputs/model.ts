import { modelStruct } from "../../language/models/fields.js";
import type { ModelDeclaration } from "../../language/models/model.js";
import { type Input, mutationInput } from "./fields.js";

export const DeclareModelInput = mutationInput(modelStruct);
export type DeclareModelInput = Input<ModelDeclaration>;

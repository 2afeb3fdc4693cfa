import { type RetrainingDeclaration, retrainingStruct } from "../../language/retraining/retraining.js";
import { type Input, mutationInput } from "./fields.js";

export const DeclareRetrainingInput = mutationInput(retrainingStruct);
export type DeclareRetrainingInput = Input<RetrainingDeclaration>;

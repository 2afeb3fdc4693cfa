import { type OptimizerDeclaration, optimizerStruct } from "../../language/algorithms/optimizer.js";
import { type Input, mutationInput } from "./fields.js";

export const DeclareOptimizerInput = mutationInput(optimizerStruct);
export type DeclareOptimizerInput = Input<OptimizerDeclaration>;

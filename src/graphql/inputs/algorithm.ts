import { algorithmUnion } from "../../language/algorithms/algorithms.js";
import { oneOfInput } from "./derive.js";

export const AlgorithmInput = oneOfInput(algorithmUnion);

import { layerUnion } from "../../language/layers/layers.js";
import { oneOfInput } from "./derive.js";

export const LayerInput = oneOfInput(layerUnion);

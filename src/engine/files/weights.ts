import { PlatformError } from "../../errors.js";
import type { ModelSpec } from "../../language/models/model.js";
import type { State } from "../graphs/executor.js";
import { modelParameters } from "../layers/parameters.js";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "./safetensors.js";

const format = "perennial-weights/1";

/** A version's parameters as tensors, in the model's order. */
export function weightTensors(model: ModelSpec, parameters: State): NamedTensor[] {
  return modelParameters(model).map(({ name, shape }) => ({ name, shape, data: parameters[name] as Float32Array }));
}

/** The file `weights.safetensors`. */
export function encodeWeights(tensors: readonly NamedTensor[]): Buffer {
  return encodeSafetensors(tensors, { format });
}

/**
 * The parameters of a model from its `weights.safetensors`: all of them, of the shapes the model has, and nothing else.
 * @param file what the error calls the file.
 * @throws PlatformError OBJECT_CORRUPT for a damaged file and for one of another model.
 */
export function decodeWeights(model: ModelSpec, bytes: Uint8Array, file: string): State {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const refused = (reason: string) => new PlatformError("OBJECT_CORRUPT", `${file} cannot be used: ${reason}`);
  if (metadata.format !== format)
    throw refused(`its format is ${JSON.stringify(metadata.format ?? "none")}, not ${JSON.stringify(format)}`);
  const found = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const state: State = {};
  for (const { name, shape } of modelParameters(model)) {
    const tensor = found.get(name);
    found.delete(name);
    if (!tensor) throw refused(`it has no tensor "${name}"`);
    if (!(tensor.data instanceof Float32Array)) throw refused(`its tensor "${name}" is not of float32`);
    if (tensor.shape.length !== shape.length || tensor.shape.some((extent, axis) => extent !== shape[axis]))
      throw refused(`its tensor "${name}" is of shape [${tensor.shape.join(", ")}], not [${shape.join(", ")}]`);
    state[name] = tensor.data;
  }
  const [stray] = found.keys();
  if (stray !== undefined) throw refused(`it has a tensor ${JSON.stringify(stray)} that the model does not`);
  return state;
}

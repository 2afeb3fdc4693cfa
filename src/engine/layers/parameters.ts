import type { Layer } from "../../language/layers/layer.js";
import { type Parameter as LayerParameter, parameterName, parameterShapes } from "../../language/layers/parameters.js";
import type { ModelSpec } from "../../language/models/model.js";
import type { NamedTensors } from "../tensors/named-tensors.js";

/** One tensor of a model: trained, or a statistic that follows the training data. */
export interface Parameter extends Omit<LayerParameter, "name"> {
  /** Unique within the model: `<layer>/<parameter>`, such as `dense_0/kernel`. */
  name: string;
}

/** All parameters of a model, from input to output. */
export function modelParameters(model: Pick<ModelSpec, "layers">): Parameter[] {
  return model.layers.flatMap((layer) =>
    parameterShapes(layer).map((parameter) => ({ ...parameter, name: parameterName(layer, parameter) })),
  );
}

/** The tensors of one layer by their names within the layer, such as `kernel`. */
export function tensorsOfLayer(layer: Layer, tensors: NamedTensors): NamedTensors {
  const own: NamedTensors = {};
  for (const parameter of parameterShapes(layer)) {
    const tensor = tensors[parameterName(layer, parameter)];
    if (tensor) own[parameter.name] = tensor;
  }
  return own;
}

import type { Feature } from "../../src/language/datasets/dataset.js";
import type { ModelInput, ModelSpec, ModelTarget, Preprocessing } from "../../src/language/models/model.js";

export function feature(name: string, type: Feature["type"], rest: Partial<Feature> = {}): Feature {
  return { name, type, description: "", categories: [], shape: [], ...rest };
}

/** A model of inputs and a target; the layers do not matter to this room. */
export function modelOf(inputs: [Feature, Preprocessing][], target: Feature): ModelSpec {
  const width = ({ categories, shape }: Feature) => categories.length || shape.reduce((a, b) => a * b, 1);
  if (target.type === "IMAGE") throw new TypeError("An image is no target.");
  const { type, shape, categories } = { ...target, type: target.type as ModelTarget["type"] };
  const resolved: ModelInput[] = inputs.map(([input, preprocessing]) => ({
    feature: input.name,
    type: input.type,
    shape: input.shape,
    categories: input.categories,
    preprocessing,
    width: width(input),
  }));
  return {
    dataset: "rows",
    inputs: resolved,
    inputShape: [resolved.reduce((sum, input) => sum + input.width, 0)],
    target: {
      feature: target.name,
      type,
      shape,
      categories,
      scaling: type === "NUMBER" || type === "VECTOR" ? "Z_SCORE" : "NONE",
      width: width(target),
    },
    layers: [],
    loss: { type: "MEAN_SQUARED_ERROR" },
    metrics: [],
    classWeights: { type: "NONE" },
    sampleWeight: null,
  };
}

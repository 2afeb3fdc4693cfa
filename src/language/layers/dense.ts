import { struct } from "../fields/field.js";
import { limits } from "../fields/limits.js";
import { integer } from "../fields/scalars.js";
import { outputActivationOver } from "./activation-function.js";
import { layer, named } from "./description.js";
import { trained } from "./parameter.js";
import { bias, kernel } from "./weights.js";

export const dense = {
  dense: layer({
    doc: "Fully connected.",
    input: struct(
      "DenseInput",
      "A fully connected layer over the last axis: activation(x kernel + bias) (Keras: Dense).",
      {
        ...named,
        units: integer({ min: 1, max: limits.units, doc: "Count of outputs." }),
        activation: outputActivationOver("units"),
        ...kernel,
        ...bias,
      },
    ),
    resolve({ units }, { input }) {
      return { outputShape: Number.isNaN(units) ? undefined : input && [...input.slice(0, -1), units] };
    },
    parameters({ inputShape, units, ...layer }) {
      const shape = [inputShape.at(-1) ?? 1, units];
      const kernel = trained("kernel", shape, layer.kernelInitializer, layer.kernelRegularizer);
      if (!layer.useBias) return [kernel];
      return [kernel, trained("bias", [units], layer.biasInitializer, layer.biasRegularizer, "BIAS")];
    },
  }),
};

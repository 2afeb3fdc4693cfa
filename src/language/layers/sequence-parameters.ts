import { noPenalty } from "./initializer.js";
import type { Layer } from "./layer.js";
import type { InputEmbeddingBody } from "./nested-layer.js";
import { type Parameter, trained } from "./parameter.js";
import type {
  EmbeddingBody,
  GruBody,
  LstmBody,
  MultiHeadAttentionBody,
  PositionEmbeddingBody,
  SimpleRnnBody,
} from "./sequence-layer.js";

/** `embeddings` [inputDim, outputDim]. */
export function embeddingParameters(layer: EmbeddingBody): Parameter[] {
  const { inputDim, outputDim, embeddingsInitializer, embeddingsRegularizer } = layer;
  return [trained("embeddings", [inputDim, outputDim], embeddingsInitializer, embeddingsRegularizer, "EMBEDDING")];
}

/** `<feature>/embeddings` of each embedded input. */
export function inputEmbeddingParameters(layer: InputEmbeddingBody): Parameter[] {
  return layer.columns.flatMap(({ feature, embedding }) =>
    embedding === null
      ? []
      : embeddingParameters({ type: "embedding", ...embedding }).map((parameter) => ({
          ...parameter,
          name: `${feature}/${parameter.name}`,
        })),
  );
}

/** `embeddings` [time, features]. */
export function positionEmbeddingParameters(layer: PositionEmbeddingBody & Pick<Layer, "inputShape">): Parameter[] {
  return [trained("embeddings", layer.inputShape, layer.initializer, noPenalty, "EMBEDDING")];
}

/** How many blocks of `units` a kernel has side by side: one for each gate. */
const blocks = { simpleRnn: 1, lstm: 4, gru: 3 } as const;

/** `kernel` [features, blocks × units], `recurrent_kernel` [units, blocks × units] and `bias`; GRU's bias has two rows. */
export function recurrentParameters(
  layer: (SimpleRnnBody | LstmBody | GruBody) & Pick<Layer, "inputShape">,
): Parameter[] {
  const width = blocks[layer.type] * layer.units;
  const { kernelInitializer, recurrentInitializer, biasInitializer } = layer;
  const features = layer.inputShape.at(-1) ?? 1;
  const parameters = [
    trained("kernel", [features, width], kernelInitializer, layer.kernelRegularizer),
    trained("recurrent_kernel", [layer.units, width], recurrentInitializer, layer.recurrentRegularizer),
  ];
  if (layer.useBias) {
    const forgetting = layer.type === "lstm" && layer.unitForgetBias;
    const initializer = forgetting ? { type: "UNIT_FORGET" as const, others: biasInitializer } : biasInitializer;
    // Keras adds one bias to the input's product and another to the recurrent one, which the reset gate multiplies.
    const shape = layer.type === "gru" ? [2, width] : [width];
    parameters.push(trained("bias", shape, initializer, layer.biasRegularizer, "BIAS"));
  }
  return parameters;
}

/** Keras's kernels [features, heads, size] and [heads, valueDim, features], each followed by its bias. */
export function attentionParameters(layer: MultiHeadAttentionBody & Pick<Layer, "inputShape">): Parameter[] {
  const { numHeads, keyDim, valueDim, kernelInitializer, biasInitializer, kernelRegularizer, biasRegularizer } = layer;
  const features = layer.inputShape.at(-1) ?? 1;
  const projection = (name: string, shape: number[], biasShape: number[]) => [
    trained(`${name}/kernel`, shape, kernelInitializer, kernelRegularizer),
    ...(layer.useBias ? [trained(`${name}/bias`, biasShape, biasInitializer, biasRegularizer, "BIAS")] : []),
  ];
  return [
    ...projection("query", [features, numHeads, keyDim], [numHeads, keyDim]),
    ...projection("key", [features, numHeads, keyDim], [numHeads, keyDim]),
    ...projection("value", [features, numHeads, valueDim], [numHeads, valueDim]),
    ...projection("attention_output", [numHeads, valueDim, features], [features]),
  ];
}

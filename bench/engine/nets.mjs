// The nets as data: what a user would declare. Shapes, defaults and output layers follow as they do on the platform.
const digits = Array.from({ length: 10 }, (_, digit) => String(digit));
const image = { name: "image", type: "VECTOR", shape: [784] };
const digit = { name: "digit", type: "CATEGORY", categories: digits };
const asItIs = (feature) => ({ feature, method: "NONE" });

/** Categories a feature, and the length of a category's vector. */
const categorical = [
  [1000, 32],
  [500, 32],
  [200, 16],
  [100, 16],
  [50, 8],
  [20, 8],
  [12, 4],
  [7, 4],
].map(([size, dimensions], index) => ({
  name: `category_${index}`,
  categories: Array.from({ length: size }, (_, code) => `value ${code}`),
  dimensions,
}));
const numeric = Array.from({ length: 13 }, (_, index) => ({ name: `number_${index}`, type: "NUMBER" }));

const vocabulary = 1000;
const attend = {
  residual: { layers: [{ layerNormalization: {} }, { multiHeadAttention: { numHeads: 4, keyDim: 16 } }] },
};
const transform = {
  residual: {
    layers: [{ layerNormalization: {} }, { dense: { units: 256, activation: "RELU" } }, { dense: { units: 64 } }],
  },
};

/** By name: the features of the dataset, and the model. */
export const nets = {
  mlp: {
    features: [image, digit],
    model: {
      target: "digit",
      preprocessing: [asItIs("image")],
      layers: [
        { dense: { units: 256, activation: "RELU" } },
        { dropout: { rate: 0.2 } },
        { dense: { units: 128, activation: "RELU" } },
        { dropout: { rate: 0.2 } },
      ],
    },
  },
  cnn: {
    features: [{ name: "image", type: "IMAGE", shape: [28, 28, 1] }, digit],
    model: {
      target: "digit",
      preprocessing: [asItIs("image")],
      layers: [
        { conv2d: { filters: 16, kernelSize: [3], activation: "RELU" } },
        { maxPooling2d: { poolSize: [2] } },
        { conv2d: { filters: 32, kernelSize: [3], activation: "RELU" } },
        { maxPooling2d: { poolSize: [2] } },
        { flatten: {} },
      ],
    },
  },
  lstm: {
    features: [image, digit],
    model: {
      target: "digit",
      preprocessing: [asItIs("image")],
      layers: [{ reshape: { targetShape: [28, 28] } }, { lstm: { units: 32 } }],
    },
  },
  wide_and_deep: {
    features: [
      ...categorical.map(({ name, categories }) => ({ name, type: "CATEGORY", categories })),
      ...numeric,
      { name: "clicked", type: "BINARY" },
    ],
    model: {
      target: "clicked",
      preprocessing: [
        ...categorical.map(({ name, dimensions }) => ({ feature: name, method: "EMBEDDING", dimensions })),
        ...numeric.map(({ name }) => asItIs(name)),
      ],
      // The wide part is the branch that hands its input on: the output layer sees it beside what the deep part makes.
      layers: [
        {
          parallel: {
            merge: "CONCATENATE",
            branches: [[], [256, 128, 64].map((units) => ({ dense: { units, activation: "RELU" } }))],
          },
        },
      ],
    },
  },
  transformer: {
    features: [{ name: "tokens", type: "VECTOR", shape: [32] }, digit],
    model: {
      target: "digit",
      preprocessing: [asItIs("tokens")],
      layers: [
        { embedding: { inputDim: vocabulary, outputDim: 64 } },
        { positionEmbedding: {} },
        attend,
        transform,
        attend,
        transform,
        { layerNormalization: {} },
        { globalAveragePooling1d: {} },
      ],
    },
  },
};

export const batchSizes = [16, 32, 64, 128];
export const threadCounts = [1, 2];

/**
 * A rate at which rounding errors do not grow much in 50 steps, and an epsilon so small that it does not matter where the
 * formula has it: PyTorch's is not quite that of Keras and ours.
 */
export const optimizer = { algorithm: { adam: { epsilon: 1e-10 } }, learningRate: { constant: 0.0003 } };

import type { OptimizerDeclaration, OptimizerSpec } from "../../../src/language/algorithms/optimizer.js";
import { resolveOptimizer } from "../../../src/language/algorithms/resolve-optimizer.js";
import { Findings } from "../../../src/language/fields/findings.js";
import { type Activation, activations } from "../../../src/language/layers/activation-function.js";
import type { LayerDeclaration } from "../../../src/language/layers/layer.js";
import { resolveLayers } from "../../../src/language/layers/resolve-layers.js";
import type { Loss, ModelSpec } from "../../../src/language/models/model.js";
import { modelOf } from "../models.js";

/** A model with the optimizer that trains it in the comparison of executors. */
export interface ZooNet {
  name: string;
  model: ModelSpec;
  optimizer: OptimizerSpec;
  /** The inputs are ids below this number. */
  ids?: number;
}

interface Head {
  activation: Activation;
  loss: Loss;
}

const classes: Head = { activation: "SOFTMAX", loss: { type: "CATEGORICAL_CROSSENTROPY", labelSmoothing: 0 } };

function net(inputShape: number[], layers: LayerDeclaration[], head: Head = classes, ids = 0): ModelSpec {
  const findings = Findings.start();
  const hidden = resolveLayers(findings, layers, inputShape, ids);
  if (findings.problems().length > 0) throw new Error(JSON.stringify(findings.problems()));
  const output = modelOf(hidden.outputShape as number[], [], { width: 3, ...head });
  return { ...output, inputShape, layers: [...hidden.layers, ...output.layers] };
}

function training(options: Omit<OptimizerDeclaration, "name">): OptimizerSpec {
  const { spec, problems } = resolveOptimizer({ name: "under_test", ...options });
  if (!spec) throw new Error(JSON.stringify(problems));
  return spec;
}

const descent = training({ algorithm: { sgd: {} }, learningRate: { constant: 0.05 } });

/** For a loss in percent, whose gradients are large and jump. */
const slowDescent = training({ algorithm: { sgd: {} }, learningRate: { constant: 1e-4 } });

const perceptron = net(
  [6],
  [
    { dense: { units: 12, activation: "RELU", kernelRegularizer: { l1: 1e-4, l2: 1e-3 } } },
    { dropout: { rate: 0.3 } },
    { dense: { units: 8, activation: "TANH" } },
  ],
);

const image = [8, 7, 2];
const sequence = [5, 3];
const flat: LayerDeclaration = { flatten: {} };

/** Nets by what they show. */
const architectures: Record<string, ModelSpec> = {
  "linear model": net([6], []),
  "perceptron with dropout and penalties": perceptron,
  "batch normalization": net(
    [6],
    [
      { dense: { units: 9, useBias: false } },
      { batchNormalization: { momentum: 0.9 } },
      { dense: { units: 5, activation: "RELU" } },
    ],
  ),
  "layer normalization": net([6], [{ dense: { units: 9, activation: "GELU" } }, { layerNormalization: {} }]),
  "root mean square normalization": net([4, 3], [{ rmsNormalization: {} }, { dense: { units: 5 } }, flat]),
  "dense on sequences, normalized over positions": net(
    [4, 3],
    [{ dense: { units: 5, activation: "RELU" } }, { batchNormalization: {} }, flat],
  ),
  "reshapes, permutation and repetition": net(
    [6],
    [
      { reshape: { targetShape: [2, 3] } },
      { permute: { dims: [2, 1] } },
      flat,
      { repeatVector: { n: 2 } },
      { dense: { units: 4 } },
      flat,
    ],
  ),
  "learned and leaky rectifiers": net(
    [6],
    [{ dense: { units: 6 } }, { prelu: {} }, { dense: { units: 6 } }, { leakyRelu: {} }, { elu: { alpha: 0.5 } }],
  ),
  "self-normalizing, with alpha dropout": net(
    [6],
    [
      { dense: { units: 9, activation: "SELU", kernelInitializer: "LECUN_NORMAL" } },
      { alphaDropout: { rate: 0.2 } },
      { dense: { units: 6, activation: "SELU", kernelInitializer: "LECUN_NORMAL" } },
    ],
  ),
  noise: net([6], [{ gaussianNoise: { stddev: 0.2 } }, { dense: { units: 6, activation: "RELU" } }]),
  "convolution and maximum pooling": net(image, [
    { conv2d: { filters: 4, kernelSize: [3], activation: "RELU" } },
    { maxPooling2d: {} },
    { conv2d: { filters: 5, kernelSize: [2], activation: "RELU" } },
    flat,
  ]),
  "convolution on blocks of eight channels": net(image, [
    { conv2d: { filters: 8, kernelSize: [3], padding: "SAME", activation: "RELU" } },
    { maxPooling2d: {} },
    { conv2d: { filters: 24, kernelSize: [2], activation: "RELU" } },
    { conv2d: { filters: 8, kernelSize: [2], padding: "SAME" } },
    flat,
  ]),
  "convolution on whole blocks of channels": net(image, [
    { conv2d: { filters: 16, kernelSize: [3], padding: "SAME", activation: "RELU" } },
    { maxPooling2d: {} },
    { conv2d: { filters: 32, kernelSize: [2], useBias: false } },
    { batchNormalization: {} },
    { activation: { function: "RELU" } },
    { depthwiseConv2d: { kernelSize: [2], padding: "SAME", activation: "TANH" } },
    { conv2d: { filters: 16, kernelSize: [2], padding: "SAME", activation: "RELU" } },
    { maxPooling2d: { poolSize: [1, 2] } },
    flat,
  ]),
  "padded, strided convolution and average pooling": net(image, [
    { conv2d: { filters: 4, kernelSize: [3, 2], strides: [2, 1], padding: "SAME" } },
    { averagePooling2d: { padding: "SAME" } },
    flat,
  ]),
  "dilated and grouped convolution": net(image, [
    { conv2d: { filters: 4, kernelSize: [2], dilationRate: [2] } },
    { conv2d: { filters: 4, kernelSize: [2], groups: 2 } },
    { globalAveragePooling2d: {} },
  ]),
  "depthwise and separable convolution": net(image, [
    { depthwiseConv2d: { kernelSize: [3], depthMultiplier: 2, padding: "SAME" } },
    { separableConv2d: { filters: 5, kernelSize: [2], strides: [2], activation: "RELU" } },
    { globalMaxPooling2d: {} },
  ]),
  "transposed convolution, padding and upsampling": net(
    [3, 3, 2],
    [
      { conv2dTranspose: { filters: 3, kernelSize: [3], strides: [2], activation: "TANH" } },
      { zeroPadding2d: { padding: [[1], [0, 2]] } },
      { upSampling2d: {} },
      { conv2d: { filters: 2, kernelSize: [3], strides: [2] } },
      flat,
    ],
  ),
  "normalized convolution with channels dropped": net(image, [
    { conv2d: { filters: 4, kernelSize: [3], useBias: false } },
    { batchNormalization: {} },
    { activation: { function: "RELU" } },
    { spatialDropout2d: { rate: 0.3 } },
    { groupNormalization: { groups: 2 } },
    { globalAveragePooling2d: {} },
  ]),
  "causal convolution over steps": net(sequence, [
    { conv1d: { filters: 4, kernelSize: [2], padding: "CAUSAL", activation: "RELU" } },
    { maxPooling1d: {} },
    flat,
  ]),
  "causal convolution, each channel by itself": net(sequence, [
    { conv1d: { filters: 6, kernelSize: [2], padding: "CAUSAL", groups: 3, activation: "TANH" } },
    flat,
  ]),
  "simple recurrence": net(sequence, [{ simpleRnn: { units: 4 } }]),
  "LSTM in two layers": net(sequence, [{ lstm: { units: 4, returnSequences: true } }, { lstm: { units: 3 } }]),
  "GRU in both directions": net(sequence, [
    { bidirectional: { layer: { gru: { units: 3, returnSequences: true } } } },
    flat,
  ]),
  attention: net(sequence, [
    { positionEmbedding: {} },
    {
      residual: {
        layers: [{ layerNormalization: {} }, { multiHeadAttention: { numHeads: 2, keyDim: 3, causal: true } }],
      },
    },
    { globalAveragePooling1d: {} },
  ]),
  branches: net(
    [6],
    [
      { parallel: { merge: "CONCATENATE", branches: [[], [{ dense: { units: 4, activation: "SILU" } }]] } },
      { parallel: { merge: "MAXIMUM", branches: [[{ dense: { units: 4 } }], [{ dense: { units: 4 } }]] } },
    ],
  ),
};

const words: ZooNet = {
  name: "embedded ids",
  model: net([5], [{ embedding: { inputDim: 7, outputDim: 4 } }, { globalMaxPooling1d: {} }], classes, 7),
  optimizer: training({ algorithm: { adam: {} }, learningRate: { constant: 0.05 } }),
  ids: 7,
};

const losses: [string, Loss, Activation][] = [
  ["mean squared error", { type: "MEAN_SQUARED_ERROR" }, "LINEAR"],
  ["mean absolute error", { type: "MEAN_ABSOLUTE_ERROR" }, "LINEAR"],
  ["mean absolute percentage error", { type: "MEAN_ABSOLUTE_PERCENTAGE_ERROR" }, "LINEAR"],
  ["mean squared logarithmic error", { type: "MEAN_SQUARED_LOGARITHMIC_ERROR" }, "SOFTPLUS"],
  ["Huber", { type: "HUBER", delta: 0.5 }, "LINEAR"],
  ["log-cosh", { type: "LOG_COSH" }, "LINEAR"],
  ["Poisson", { type: "POISSON" }, "EXPONENTIAL"],
  ["binary crossentropy", { type: "BINARY_CROSSENTROPY", labelSmoothing: 0 }, "SIGMOID"],
  ["smoothed binary crossentropy of probabilities", { type: "BINARY_CROSSENTROPY", labelSmoothing: 0.1 }, "SOFTMAX"],
  [
    "binary focal crossentropy",
    { type: "BINARY_FOCAL_CROSSENTROPY", alpha: 0.3, gamma: 2, labelSmoothing: 0 },
    "SIGMOID",
  ],
  ["smoothed categorical crossentropy", { type: "CATEGORICAL_CROSSENTROPY", labelSmoothing: 0.1 }, "SOFTMAX"],
  ["categorical crossentropy of scores", { type: "CATEGORICAL_CROSSENTROPY", labelSmoothing: 0 }, "SOFTPLUS"],
  [
    "categorical focal crossentropy",
    { type: "CATEGORICAL_FOCAL_CROSSENTROPY", alpha: 0.25, gamma: 2, labelSmoothing: 0 },
    "SOFTMAX",
  ],
  ["divergence", { type: "KL_DIVERGENCE" }, "SOFTMAX"],
  ["hinge", { type: "HINGE" }, "LINEAR"],
  ["squared hinge", { type: "SQUARED_HINGE" }, "LINEAR"],
  ["categorical hinge", { type: "CATEGORICAL_HINGE" }, "LINEAR"],
];

const rate = { constant: 0.02 };
const optimizers: Record<string, OptimizerSpec> = {
  SGD: training({ algorithm: { sgd: {} }, learningRate: rate }),
  momentum: training({ algorithm: { sgd: { momentum: 0.9 } }, learningRate: rate }),
  "Nesterov's momentum": training({ algorithm: { sgd: { momentum: 0.9, nesterov: true } }, learningRate: rate }),
  Adagrad: training({ algorithm: { adagrad: {} }, learningRate: rate }),
  Adadelta: training({ algorithm: { adadelta: {} }, learningRate: { constant: 1 } }),
  RMSprop: training({ algorithm: { rmsprop: {} }, learningRate: rate }),
  "RMSprop, centered, with momentum": training({
    algorithm: { rmsprop: { centered: true, momentum: 0.5 } },
    learningRate: rate,
  }),
  Adam: training({ algorithm: { adam: {} }, learningRate: rate }),
  AMSGrad: training({ algorithm: { adam: { amsgrad: true } }, learningRate: rate }),
  AdamW: training({ algorithm: { adamw: {} }, learningRate: rate }),
  Adamax: training({ algorithm: { adamax: {} }, learningRate: rate }),
  Nadam: training({ algorithm: { nadam: {} }, learningRate: rate }),
  Ftrl: training({ algorithm: { ftrl: { l1RegularizationStrength: 1e-3 } }, learningRate: rate }),
  Lion: training({ algorithm: { lion: {} }, learningRate: { constant: 0.002 } }),
  LAMB: training({ algorithm: { lamb: {} }, learningRate: rate }),
  Adafactor: training({ algorithm: { adafactor: {} }, learningRate: rate }),
  "values clipped": training({ algorithm: { sgd: {} }, learningRate: { constant: 0.1 }, clipValue: 0.05 }),
  "norms clipped": training({ algorithm: { sgd: {} }, learningRate: { constant: 0.1 }, clipNorm: 0.1 }),
  "the global norm clipped": training({ algorithm: { sgd: {} }, learningRate: { constant: 0.1 }, globalClipNorm: 0.2 }),
  "averaged weights, weight decay": training({
    algorithm: { sgd: {} },
    learningRate: rate,
    ema: { momentum: 0.9 },
    weightDecay: 0.1,
  }),
  "accumulated gradients": training({ algorithm: { adam: {} }, learningRate: rate, gradientAccumulationSteps: 3 }),
};

/** Three activations to a net: one after the other they reach different numbers. */
const activationNets = Array.from({ length: Math.ceil(activations.length / 3) }, (_, index) => {
  const three = activations.slice(3 * index, 3 * index + 3);
  const layers = three.map((activation) => ({ dense: { units: 6, activation } }));
  return { name: `activations ${three.join(", ")}`, model: net([6], layers), optimizer: descent };
});

/** Every kind of layer, activation, loss and update rule, in small nets that differ in little each. */
export const zoo: ZooNet[] = [
  ...Object.entries(architectures).map(([name, model]) => ({
    name,
    model,
    optimizer: optimizers.Adam as OptimizerSpec,
  })),
  words,
  ...activationNets,
  ...losses.map(([name, loss, activation]) => ({
    name: `loss: ${name}`,
    model: net([6], [{ dense: { units: 8, activation: "TANH" } }], { activation, loss }),
    optimizer: loss.type === "MEAN_ABSOLUTE_PERCENTAGE_ERROR" ? slowDescent : descent,
  })),
  ...Object.entries(optimizers).map(([name, optimizer]) => ({
    name: `optimizer: ${name}`,
    model: perceptron,
    optimizer,
  })),
];

/** The net of that name. */
export function zooNet(name: string): ZooNet {
  const found = zoo.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`The zoo has no net "${name}".`);
  return found;
}

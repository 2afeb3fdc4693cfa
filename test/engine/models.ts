import type { Algorithm, Clipping, OptimizerSpec } from "../../src/language/algorithms/optimizer.js";
import type { Activation } from "../../src/language/layers/activation-function.js";
import type { Layer } from "../../src/language/layers/layer.js";
import type { Regularizer } from "../../src/language/layers/weights.js";
import type { Loss, ModelSpec } from "../../src/language/models/model.js";
import type { Schedule } from "../../src/language/schedules/schedules.js";

export const noPenalty: Regularizer = { l1: 0, l2: 0 };

type Body = Layer extends infer L ? (L extends Layer ? Omit<L, "inputShape" | "outputShape"> : never) : never;

export function dense(name: string, units: number, activation: Activation, options: Partial<Body> = {}): Body {
  return {
    type: "dense",
    name,
    units,
    activation,
    useBias: true,
    kernelInitializer: { type: "GLOROT_UNIFORM" },
    biasInitializer: { type: "ZEROS" },
    kernelRegularizer: noPenalty,
    biasRegularizer: noPenalty,
    ...options,
  } as Body;
}

const normalization = {
  epsilon: 1e-3,
  center: true,
  scale: true,
  betaRegularizer: noPenalty,
  gammaRegularizer: noPenalty,
};

export function batchNormalization(name: string, momentum = 0.9): Body {
  return { type: "batchNormalization", name, momentum, ...normalization };
}

export function layerNormalization(name: string): Body {
  return { type: "layerNormalization", name, ...normalization };
}

/** A model of those layers; shapes follow from the input's, `width` and the output's activation from `output`. */
export function modelOf(
  inputShape: number[],
  hidden: Body[],
  output: { width: number; activation: Activation; loss: Loss; options?: Partial<Body> },
): ModelSpec {
  const { width, activation, loss, options } = output;
  const layers: Layer[] = [];
  let shape = inputShape;
  for (const body of [...hidden, dense("output", width, activation, options)]) {
    const outputShape = shapeAfter(body, shape);
    layers.push({ ...body, inputShape: shape, outputShape } as Layer);
    shape = outputShape;
  }
  const type = activation === "SOFTMAX" ? "CATEGORY" : activation === "SIGMOID" && width === 1 ? "BINARY" : "VECTOR";
  const target = { feature: "target", type, shape: [], categories: [], scaling: "NONE", width } as const;
  return {
    dataset: "test",
    inputs: [],
    inputShape,
    target: { ...target, shape: [], categories: [] },
    layers,
    loss,
    metrics: [],
    classWeights: { type: "NONE" },
    sampleWeight: null,
  };
}

function shapeAfter(body: Body, shape: number[]): number[] {
  if (body.type === "dense") return [...shape.slice(0, -1), body.units];
  if (body.type === "flatten") return [shape.reduce((a, b) => a * b, 1)];
  return body.type === "reshape" ? body.targetShape : shape;
}

export function optimizerOf(
  algorithm: Algorithm,
  learningRate: Schedule | number = 0.01,
  clipping: Clipping = { type: "NONE" },
  options: Partial<OptimizerSpec> = {},
): OptimizerSpec {
  const schedule =
    typeof learningRate === "number" ? ({ type: "constant", value: learningRate } as const) : learningRate;
  const plain = { weightDecay: 0, ema: null, gradientAccumulationSteps: 1 };
  return { algorithm, learningRate: schedule, clipping, ...plain, ...options };
}

export const plainSgd = { type: "sgd", momentum: 0, nesterov: false } as const satisfies Algorithm;
export const plainAdam = {
  type: "adam",
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-7,
  amsgrad: false,
} as const satisfies Algorithm;

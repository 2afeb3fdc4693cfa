import { struct } from "../fields/field.js";
import { readFlag } from "../fields/fields.js";
import { limits } from "../fields/limits.js";
import { readBy } from "../fields/objects.js";
import { flag, integer, number } from "../fields/scalars.js";
import { count } from "../fields/wording.js";
import { elementwiseActivation } from "./activation-function.js";
import { type Form, layer, named, type Place, type Shape, type Shapes } from "./description.js";
import { type Initializer, initializer } from "./initializer.js";
import { type Parameter, type ParameterInitializer, trained } from "./parameter.js";
import { bias, kernel, noBias, type Regularizer, regularizer } from "./weights.js";

export const sequence: Form = {
  rank: 2,
  words: "a sequence of shape [time, features]",
  advice: "add a reshape layer",
};

/** A share that is dropped while training. */
export const dropout = (doc: string) => number({ min: 0, below: 1, default: 0, doc });

const recurrent = {
  units: integer({ min: 1, max: limits.units, doc: "Length of the state." }),
  returnSequences: flag({
    default: false,
    doc: "Whether every step's output is put out, [time, units], or the last one's, [units].",
  }),
  activation: elementwiseActivation("TANH", "Applied to the state; any but the softmaxes."),
  goBackwards: flag({
    default: false,
    doc: "Whether the sequence is read from its end; outputs then come in that order too.",
  }),
  dropout: dropout("Share of the inputs' features that is dropped while training, the same at every step."),
  ...kernel,
  ...bias,
  ...initializer("recurrentInitializer", "How the recurrent kernel begins.", "ORTHOGONAL"),
  recurrentRegularizer: regularizer("the recurrent kernel"),
};
const gates = {
  recurrentActivation: elementwiseActivation("SIGMOID", "Applied to the gates; any but the softmaxes."),
};

const unitForgetBias = readBy<boolean, boolean, false>(
  {
    doc: "Whether the forget gate's bias begins at 1.",
    takes: { type: "FLAG" },
    required: false,
    absent: { words: "true, with a bias" },
  },
  (at, key, value, beside) => {
    const hasBias = (beside as { useBias?: unknown }).useBias !== false;
    const begins = readFlag(at, key, value, hasBias);
    if (begins && !hasBias) at.add("CONTRADICTION", noBias, key);
    return begins;
  },
);

/** The steps come one after the other, each a part of the compiled graph. */
function checkSteps(_fields: unknown, { at, input: [steps = 0] = [] }: Place): void {
  if (steps <= limits.timeSteps) return;
  const message = `reads ${count(steps)} steps one after the other; at most ${count(limits.timeSteps)}.`;
  at.add("OUT_OF_RANGE", message);
}

/** `[time, features]` becomes `[units]`, or `[time, units]` with `returnSequences`. */
function outputShape({ units, returnSequences }: { units: number; returnSequences: boolean }, input: Shape): Shape {
  if (input === undefined || Number.isNaN(units)) return undefined;
  return [...(returnSequences ? input.slice(0, 1) : []), units];
}

interface Recurrent extends Shapes {
  units: number;
  useBias: boolean;
  kernelInitializer: Initializer;
  kernelRegularizer: Regularizer;
  recurrentInitializer: Initializer;
  recurrentRegularizer: Regularizer;
  biasInitializer: Initializer;
  biasRegularizer: Regularizer;
}

/**
 * `kernel` [features, blocks × units], `recurrent_kernel` [units, blocks × units] and `bias`: blocks side by side, one for
 * each gate and the state.
 */
function parameters(
  layer: Recurrent,
  blocks: number,
  biasShape = [blocks * layer.units],
  biasInitializer: ParameterInitializer = layer.biasInitializer,
): Parameter[] {
  const width = blocks * layer.units;
  const features = layer.inputShape.at(-1) ?? 1;
  const kernels = [
    trained("kernel", [features, width], layer.kernelInitializer, layer.kernelRegularizer),
    trained("recurrent_kernel", [layer.units, width], layer.recurrentInitializer, layer.recurrentRegularizer),
  ];
  if (!layer.useBias) return kernels;
  return [...kernels, trained("bias", biasShape, biasInitializer, layer.biasRegularizer, "BIAS")];
}

export const recurrents = {
  simpleRnn: layer({
    doc: "A simple recurrent layer.",
    input: struct(
      "SimpleRnnInput",
      "A recurrent layer over [time, features]: h = activation(x kernel + h before recurrentKernel + bias) (Keras: SimpleRNN).",
      { ...named, ...recurrent },
    ),
    takes: sequence,
    rules: { name: checkSteps },
    resolve: (fields, { input }) => ({ outputShape: outputShape(fields, input) }),
    parameters: (layer) => parameters(layer, 1),
  }),
  lstm: layer({
    doc: "Long short-term memory.",
    input: struct("LstmInput", "Long short-term memory over [time, features] (Keras: LSTM).", {
      ...named,
      ...recurrent,
      ...gates,
      unitForgetBias,
    }),
    takes: sequence,
    rules: { name: checkSteps },
    resolve: (fields, { input }) => ({ outputShape: outputShape(fields, input) }),
    // Gates in Keras's order: input, forget, cell, output.
    parameters(layer) {
      const others = layer.biasInitializer;
      return parameters(layer, 4, undefined, layer.unitForgetBias ? { type: "UNIT_FORGET", others } : others);
    },
  }),
  gru: layer({
    doc: "A gated recurrent unit.",
    input: struct(
      "GruInput",
      "Gated recurrent unit over [time, features], the reset gate after the recurrent product (Keras: GRU with reset_after).",
      { ...named, ...recurrent, ...gates },
    ),
    takes: sequence,
    rules: { name: checkSteps },
    resolve(fields, { input }) {
      return { outputShape: outputShape(fields, input), body: { ...fields, resetAfter: true as const } };
    },
    // Gates in Keras's order: update, reset, candidate. Keras adds one bias to the input's product and another to the
    // recurrent one, which the reset gate multiplies.
    parameters: (layer) => parameters(layer, 3, [2, 3 * layer.units]),
  }),
};

import { struct } from "../fields/field.js";
import { readInteger, readList } from "../fields/fields.js";
import { limits } from "../fields/limits.js";
import { readBy } from "../fields/objects.js";
import { choice, number } from "../fields/scalars.js";
import { shownShape } from "../fields/wording.js";
import { activationChoices, checkSoftmax } from "./activation-function.js";
import { layer, named, type Place } from "./description.js";
import { initializer } from "./initializer.js";
import { trained } from "./parameter.js";
import { regularizer } from "./weights.js";

/** Counted from 1, as Keras does. The entries are checked with the input's shape. */
const sharedAxes = readBy<number[], readonly number[], false>(
  {
    doc: "Axes along which one slope holds for all. They count from 1, without the batch: [1, 2] learns one per channel of an image.",
    takes: { type: "LIST", of: { type: "INTEGER", rule: { min: 1, max: limits.rank } }, max: limits.rank },
    required: false,
    absent: { value: [] },
  },
  (at, key, value) => readList(at, key, value ?? [], limits.rank),
);

function checkAxes(declared: readonly number[], { at, input }: Place): void {
  const places = at.at("sharedAxes");
  const axes = new Set<number>();
  for (const [index, entry] of declared.entries()) {
    const axis = readInteger(places, index, entry, 1, undefined, limits.rank);
    if (axes.has(axis)) places.add("DUPLICATE", `${axis} is already in the list.`, index);
    else if (input !== undefined && axis > input.length) {
      places.add("SHAPE_MISMATCH", `there is no axis ${axis} in the input's shape ${shownShape(input)}.`, index);
    } else axes.add(axis);
  }
}

export const activations = {
  activation: layer({
    doc: "An activation function.",
    input: struct("ActivationInput", "An activation function as a layer of its own (Keras: Activation).", {
      ...named,
      function: choice(activationChoices, { doc: "The function." }),
    }),
    resolve({ function: activation }, { at, input }) {
      if (activation === undefined) return { outputShape: input };
      checkSoftmax(at, "function", activation, input?.at(-1));
      return { outputShape: input, body: { function: activation } };
    },
  }),
  leakyRelu: layer({
    doc: "A rectifier with a slope below 0.",
    input: struct("LeakyReluInput", "x for x > 0, else a small multiple of it (Keras: LeakyReLU).", {
      ...named,
      negativeSlope: number({ min: 0, default: 0.3, doc: "The slope of negative inputs." }),
    }),
  }),
  prelu: layer({
    doc: "A rectifier with learned slopes below 0.",
    input: struct("PreluInput", "x for x > 0, else x times a slope that is learned for each place (Keras: PReLU).", {
      ...named,
      sharedAxes,
      ...initializer("alphaInitializer", "How the slopes begin.", "ZEROS"),
      alphaRegularizer: regularizer("the slopes"),
    }),
    rules: { sharedAxes: ({ sharedAxes }, place) => checkAxes(sharedAxes, place) },
    // Stored in order: it is a set.
    resolve(fields, { input }) {
      const sharedAxes = fields.sharedAxes.toSorted((a, b) => a - b);
      return { outputShape: input, body: { ...fields, sharedAxes } };
    },
    parameters({ inputShape, sharedAxes, alphaInitializer, alphaRegularizer }) {
      const slopes = inputShape.map((extent, axis) => (sharedAxes.includes(axis + 1) ? 1 : extent));
      return [trained("alpha", slopes, alphaInitializer, alphaRegularizer, "ACTIVATION")];
    },
  }),
  elu: layer({
    doc: "An exponential linear unit.",
    input: struct("EluInput", "x for x > 0, else alpha (exp(x) - 1) (Keras: ELU).", {
      ...named,
      alpha: number({ min: 0, default: 1, doc: "The scale of negative outputs." }),
    }),
  }),
};

import { struct } from "../fields/field.js";
import { number } from "../fields/scalars.js";
import { layer, named } from "./description.js";
import { spatial } from "./windows.js";

const rate = number({ min: 0, below: 1, doc: "The share that is dropped." });
const dropoutInput = struct(
  "DropoutInput",
  "While training, sets a random share of its inputs to 0 and scales up the rest; otherwise does nothing (Keras: Dropout).",
  { ...named, rate },
);

/** Layers that change their inputs at random while training, and do nothing otherwise. */
export const noise = {
  dropout: layer({ doc: "Drops inputs at random while training.", input: dropoutInput }),
  // These drop whole channels of a row.
  spatialDropout1d: layer({
    doc: "Drops whole channels of a sequence at random while training.",
    input: dropoutInput,
    takes: spatial[1],
    takesAfter: "rate",
  }),
  spatialDropout2d: layer({
    doc: "Drops whole channels of an image at random while training.",
    input: dropoutInput,
    takes: spatial[2],
    takesAfter: "rate",
  }),
  alphaDropout: layer({
    doc: "Drops inputs of SELU networks at random while training.",
    input: struct(
      "AlphaDropoutInput",
      "While training, sets a random share of its inputs to the least value of SELU, then scales and shifts all of them so that mean 0 and variance 1 stay; otherwise does nothing (Keras: AlphaDropout).",
      { ...named, rate },
    ),
  }),
  gaussianNoise: layer({
    doc: "Adds noise while training.",
    input: struct(
      "GaussianNoiseInput",
      "While training, adds normal noise to its inputs; otherwise does nothing (Keras: GaussianNoise).",
      { ...named, stddev: number({ min: 0, max: 1, doc: "The noise's standard deviation." }) },
    ),
  }),
};

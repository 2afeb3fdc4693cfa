import { struct } from "../fields/field.js";
import { readInteger, readList } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { readBy } from "../fields/objects.js";
import { integer } from "../fields/scalars.js";
import { count, shownShape } from "../fields/wording.js";
import { layer, named, type Place, type Shape } from "./description.js";
import { type Axes, extents, perAxis, spatial, split } from "./windows.js";

const sum = (entries: readonly number[]) => entries.reduce((all, entry) => all + entry, 0);
const product = (entries: readonly number[]) => entries.reduce((all, entry) => all * entry, 1);

/** [] for what is wrong, and NaN for a wrong entry. */
const targetShape = readBy<number[], number[], true>(
  {
    doc: `The shape without the batch. At most ${limits.rank} entries, of which one may be -1: it takes what the others leave.`,
    takes: {
      type: "LIST",
      of: { type: "INTEGER", rule: { min: 1, max: limits.activations }, or: -1 },
      min: 1,
      max: limits.rank,
    },
    required: true,
  },
  (at, key, value) => {
    const list = readList(at, key, value, limits.rank);
    if (Array.isArray(value) && value.length === 0) at.add("EMPTY", "must have at least one entry.", key);
    const places = at.at(key);
    const entries = list.map((entry, index) =>
      entry === -1 ? -1 : readInteger(places, index, entry, 1, undefined, limits.activations),
    );
    const open = entries.indexOf(-1);
    const surplus = entries.indexOf(-1, open + 1);
    if (open < 0 || surplus < 0) return entries;
    places.add("CONTRADICTION", "only one entry may be -1.", surplus);
    return [];
  },
);

const dims = readBy<number[], number[], true>(
  {
    doc: "The input's axes in their new order. They count from 1, without the batch: [2, 1] swaps two.",
    takes: { type: "LIST", of: { type: "INTEGER", rule: { min: 1, max: limits.rank } }, max: limits.rank },
    required: true,
  },
  (at, key, value) => {
    const list = readList(at, key, value, limits.rank);
    if (list !== value) return [Number.NaN];
    const places = at.at(key);
    return list.map((entry, index) => readInteger(places, index, entry, 1, undefined, limits.rank));
  },
);

const ends = { type: "LIST", of: { type: "INTEGER", rule: { min: 0, max: limits.extent } }, min: 1, max: 2 } as const;

/** How much comes before and after: declared as one number for both, or as one for each. NaN for what is wrong. */
function readEnds(at: Findings, key: string | number, declared: readonly number[] | null | undefined): number[] {
  const list = readList(at, key, declared, 2);
  if (list.length === 0) {
    if (Array.isArray(declared) && declared.length === 0) at.add("EMPTY", "must have at least one entry.", key);
    return [Number.NaN, Number.NaN];
  }
  const places = at.at(key);
  const numbers = list.map((entry, index) => readInteger(places, index, entry, 0, undefined, limits.extent));
  const [before, after = before] = numbers;
  return [before as number, after as number];
}

const endsOfSteps = readBy<number[], number[][], false>(
  { doc: "Count of zeros: [both ends] or [before, after].", takes: ends, required: false, absent: { value: [1] } },
  (at, key, value) => [readEnds(at, key, value ?? [1])],
);

const endsOfImages = readBy<number[][], number[][], false>(
  {
    doc: "Count of zeros. One number for all sides; or [height, width], each with one number for both ends or as [before, after]: [[1, 2], [0, 3]].",
    takes: { type: "LIST", of: ends, min: 1, max: 2 },
    required: false,
    absent: { value: [[1]] },
  },
  (at, key, value) => {
    const list = readList(at, key, value ?? [[1]], 2);
    if (Array.isArray(value) && value.length === 0) at.add("EMPTY", "must have at least one entry.", key);
    const places = at.at(key);
    const axes = list.map((entry, index) => readEnds(places, index, entry));
    const [height = [Number.NaN], width = height] = axes;
    return [[...height], [...width]];
  },
);

/** The input with so much before and after along each axis. */
function pad({ padding }: { padding: readonly number[][] }, { input }: Place): { outputShape: Shape } {
  if (input === undefined || padding.flat().some(Number.isNaN)) return { outputShape: undefined };
  const { extents, channels } = split(input);
  return { outputShape: [...extents.map((extent, axis) => extent + sum(padding[axis] ?? [])), channels] };
}

const upSampling = (axes: Axes, doc: string) =>
  layer({
    doc,
    input: struct(
      "UpSamplingInput",
      "Repeats each step, or each row and column of an image (Keras: UpSampling1D, UpSampling2D).",
      { ...named, size: extents(axes, `Number of repetitions. ${perAxis}`, 2) },
    ),
    takes: spatial[axes],
    resolve({ size }, { input }) {
      if (input === undefined || size.some(Number.isNaN)) return { outputShape: undefined };
      const { extents, channels } = split(input);
      return { outputShape: [...extents.map((extent, axis) => extent * (size[axis] as number)), channels] };
    },
  });

/** Layers that move, repeat or surround numbers and compute none. */
export const reshapings = {
  flatten: layer({
    doc: "Images and matrices to lists.",
    input: struct("FlattenInput", "Makes one list of numbers of each row's image or matrix (Keras: Flatten).", named),
    keepsIds: true,
    readsSequence: true,
    resolve(_fields, { at, input }) {
      if (input?.length === 1) {
        const message = `there is nothing to flatten: the input is already a list, of shape ${shownShape(input)}.`;
        at.add("CONTRADICTION", message);
      }
      return { outputShape: input && [product(input)] };
    },
  }),
  reshape: layer({
    doc: "Another shape.",
    input: struct("ReshapeInput", "Gives each row's numbers another shape, in the same order (Keras: Reshape).", {
      ...named,
      targetShape,
    }),
    keepsIds: true,
    readsSequence: true,
    // -1 is stored resolved.
    resolve({ targetShape: entries }, { at, input }) {
      const isOpen = entries.includes(-1);
      if (entries.length === 0 || entries.some(Number.isNaN)) return { outputShape: undefined };
      if (input === undefined) return { outputShape: isOpen ? undefined : entries };
      const fixed = product(entries.filter((entry) => entry !== -1));
      const elements = product(input);
      if (isOpen ? elements % fixed !== 0 : fixed !== elements) {
        const got = `${shownShape(entries)} does not hold the ${count(elements)} numbers of the input's shape`;
        at.add("SHAPE_MISMATCH", `${got} ${shownShape(input)}.`, "targetShape");
        return { outputShape: undefined };
      }
      const targetShape = entries.map((entry) => (entry === -1 ? elements / fixed : entry));
      return { outputShape: targetShape, body: { targetShape } };
    },
  }),
  permute: layer({
    doc: "Another order of the axes.",
    input: struct("PermuteInput", "Changes the order of the axes (Keras: Permute).", { ...named, dims }),
    keepsIds: true,
    readsSequence: true,
    resolve({ dims }, { at, input }) {
      if (input === undefined || dims.some(Number.isNaN)) return { outputShape: undefined };
      const sorted = dims.toSorted((a, b) => a - b);
      if (sorted.length !== input.length || sorted.some((entry, index) => entry !== index + 1)) {
        const message = `must name each axis of the input's shape ${shownShape(input)} once: a permutation of 1 to ${input.length}.`;
        at.add("SHAPE_MISMATCH", message, "dims");
        return { outputShape: undefined };
      }
      return { outputShape: dims.map((axis) => input[axis - 1] as number) };
    },
  }),
  repeatVector: layer({
    doc: "A list, repeated.",
    input: struct(
      "RepeatVectorInput",
      "Repeats a list of numbers: [features] becomes [n, features] (Keras: RepeatVector).",
      { ...named, n: integer({ min: 1, max: limits.activations, doc: "Number of repetitions." }) },
    ),
    takes: { rank: 1, words: "a list of numbers", advice: "add a flatten layer before it" },
    takesAfter: "n",
    keepsIds: true,
    readsSequence: false,
    resolve: ({ n }, { input }) => ({ outputShape: input && !Number.isNaN(n) ? [n, ...input] : undefined }),
  }),
  zeroPadding1d: layer({
    doc: "Zeros before and after the steps.",
    input: struct(
      "ZeroPadding1dInput",
      "Zeros before and after the steps of [steps, channels] (Keras: ZeroPadding1D).",
      { ...named, padding: endsOfSteps },
    ),
    takes: spatial[1],
    resolve: pad,
  }),
  zeroPadding2d: layer({
    doc: "Zeros around an image.",
    input: struct("ZeroPadding2dInput", "Zeros around images [height, width, channels] (Keras: ZeroPadding2D).", {
      ...named,
      padding: endsOfImages,
    }),
    takes: spatial[2],
    resolve: pad,
  }),
  upSampling1d: upSampling(1, "Each step, repeated."),
  upSampling2d: upSampling(2, "An image with its rows and columns repeated."),
};

import { readInteger, readList } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { count, shownShape } from "../fields/wording.js";
import type { FlattenDeclaration, ReshapeDeclaration } from "./layer.js";
import type {
  PermuteDeclaration,
  RepeatVectorDeclaration,
  UpSamplingDeclaration,
  ZeroPadding1dDeclaration,
  ZeroPadding2dDeclaration,
} from "./reshaping.js";
import type { Resolved, Shape } from "./resolved-layer.js";
import { type Axes, each, readExtents, readSpatial } from "./spatial.js";

export function resolveFlatten(at: Findings, _declared: FlattenDeclaration, input: Shape): Resolved {
  if (input?.length === 1) {
    at.add("CONTRADICTION", `there is nothing to flatten: the input is already a list, of shape ${shownShape(input)}.`);
  }
  return { body: { type: "flatten" }, outputShape: input && [input.reduce((product, entry) => product * entry, 1)] };
}

/** At most one entry is -1 and becomes what the others leave; it is stored resolved. */
export function resolveReshape(at: Findings, declared: ReshapeDeclaration, input: Shape): Resolved {
  const list = readList(at, "targetShape", declared.targetShape, limits.rank);
  if (Array.isArray(declared.targetShape) && declared.targetShape.length === 0) {
    at.add("EMPTY", "must have at least one entry.", "targetShape");
  }
  if (list.length === 0) return { outputShape: undefined };
  const places = at.at("targetShape");
  const entries = list.map((entry, index) =>
    entry === -1 ? -1 : readInteger(places, index, entry, 1, undefined, limits.activations),
  );
  const open = entries.indexOf(-1);
  const surplus = entries.indexOf(-1, open + 1);
  if (open >= 0 && surplus >= 0) places.add("CONTRADICTION", "only one entry may be -1.", surplus);
  if (entries.includes(Number.NaN) || (open >= 0 && surplus >= 0)) return { outputShape: undefined };

  const fixed = entries.reduce((product, entry) => (entry === -1 ? product : product * entry), 1);
  if (input === undefined) {
    return { outputShape: open < 0 ? entries : undefined };
  }
  const elements = input.reduce((product, entry) => product * entry, 1);
  if (open < 0 ? fixed !== elements : elements % fixed !== 0) {
    const got = `${shownShape(entries)} does not hold the ${count(elements)} numbers of the input's shape`;
    at.add("SHAPE_MISMATCH", `${got} ${shownShape(input)}.`, "targetShape");
    return { outputShape: undefined };
  }
  const targetShape = entries.map((entry) => (entry === -1 ? elements / fixed : entry));
  return { body: { type: "reshape", targetShape }, outputShape: targetShape };
}

/** `dims` counts axes from 1, without the batch, as Keras does: `[2, 1]` swaps the two axes of a matrix. */
export function resolvePermute(at: Findings, declared: PermuteDeclaration, input: Shape): Resolved {
  const list = readList(at, "dims", declared.dims, limits.rank);
  if (list !== declared.dims) return { outputShape: undefined };
  const places = at.at("dims");
  const dims = list.map((entry, index) => readInteger(places, index, entry, 1, undefined, limits.rank));
  if (input === undefined || dims.some(Number.isNaN)) return { outputShape: undefined };
  const sorted = dims.toSorted((a, b) => a - b);
  if (sorted.length !== input.length || sorted.some((entry, index) => entry !== index + 1)) {
    const message = `must name each axis of the input's shape ${shownShape(input)} once: a permutation of 1 to ${input.length}.`;
    at.add("SHAPE_MISMATCH", message, "dims");
    return { outputShape: undefined };
  }
  return { body: { type: "permute", dims }, outputShape: dims.map((axis) => input[axis - 1] as number) };
}

/** `[features]` becomes `[n, features]`. */
export function resolveRepeatVector(at: Findings, declared: RepeatVectorDeclaration, input: Shape): Resolved {
  const n = readInteger(at, "n", declared.n, 1, undefined, limits.activations);
  if (input !== undefined && input.length !== 1) {
    const message = `takes a list of numbers, and here comes shape ${shownShape(input)}: add a flatten layer before it.`;
    at.add("SHAPE_MISMATCH", message);
    return { outputShape: undefined };
  }
  if (input === undefined || Number.isNaN(n)) return { outputShape: undefined };
  return { body: { type: "repeatVector", n }, outputShape: [n, ...input] };
}

/** `padding`: one count for both ends, or one for each. */
export function resolveZeroPadding1d(at: Findings, declared: ZeroPadding1dDeclaration, input: Shape): Resolved {
  const spatial = readSpatial(at, input, 1);
  const ends = readEnds(at, "padding", declared.padding ?? [1]);
  if (spatial === undefined || ends.some(Number.isNaN)) return { outputShape: undefined };
  const outputShape = [padded(spatial.extents[0] as number, ends), spatial.channels];
  return { body: { type: "zeroPadding1d", padding: [ends] }, outputShape };
}

/** `padding`: one list for both axes, or one each for height and width; in it one count for both ends, or one for each. */
export function resolveZeroPadding2d(at: Findings, declared: ZeroPadding2dDeclaration, input: Shape): Resolved {
  const spatial = readSpatial(at, input, 2);
  const list = readList(at, "padding", declared.padding ?? [[1]], 2);
  if (list.length === 0 && Array.isArray(declared.padding) && declared.padding.length === 0) {
    at.add("EMPTY", "must have at least one entry.", "padding");
  }
  const places = at.at("padding");
  const axes = list.map((entry, index) => readEnds(places, index, entry));
  const [height, width = height] = axes;
  if (spatial === undefined || height === undefined || width === undefined || axes.flat().some(Number.isNaN)) {
    return { outputShape: undefined };
  }
  const padding = [[...height], [...width]];
  const extents = padding.map((ends, axis) => padded(spatial.extents[axis] as number, ends));
  return { body: { type: "zeroPadding2d", padding }, outputShape: [...extents, spatial.channels] };
}

/** How much comes before and after; NaN for what is wrong. */
function readEnds(at: Findings, key: string | number, declared: readonly number[] | null | undefined): number[] {
  const list = readList(at, key, declared, 2);
  if (list.length === 0) {
    if (Array.isArray(declared) && declared.length === 0) at.add("EMPTY", "must have at least one entry.", key);
    return [Number.NaN, Number.NaN];
  }
  const places = at.at(key);
  const ends = list.map((entry, index) => readInteger(places, index, entry, 0, undefined, limits.extent));
  const [before, after = before] = ends;
  return [before as number, after as number];
}

function padded(extent: number, [before, after]: readonly number[]): number {
  return extent + (before as number) + (after as number);
}

/** Repeats each step, or each row and column of an image (nearest neighbour). */
export function resolveUpSampling(type: "upSampling1d" | "upSampling2d") {
  const axes: Axes = type === "upSampling1d" ? 1 : 2;
  return (at: Findings, declared: UpSamplingDeclaration, input: Shape): Resolved => {
    const spatial = readSpatial(at, input, axes);
    const size = readExtents(at, "size", declared.size, axes, each(axes, 2));
    if (spatial === undefined || size.some(Number.isNaN)) return { outputShape: undefined };
    const extents = spatial.extents.map((extent, axis) => extent * (size[axis] as number));
    return { body: { type, size }, outputShape: [...extents, spatial.channels] };
  };
}

import { readChoice, readInteger, readList, readOneOf } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { shownShape } from "../fields/wording.js";
import {
  type BidirectionalDeclaration,
  merges,
  type ParallelDeclaration,
  type RecurrentDeclaration,
  type RecurrentLayer,
  type ResidualDeclaration,
} from "./nested-layer.js";
import type { ResolveList, Scope } from "./resolve-scope.js";
import { resolveGru, resolveLstm, resolveSimpleRnn } from "./resolve-sequence-layers.js";
import type { Resolved, Shape } from "./resolved-layer.js";

/** The shape stays as it is: what its layers make must be what they take. */
export function resolveResidual(
  at: Findings,
  declared: ResidualDeclaration,
  input: Shape,
  scope: Scope,
  resolveList: ResolveList,
): Resolved {
  const { layers, outputShape } = resolveList(at, "layers", declared.layers, input, scope);
  if (Array.isArray(declared.layers) && declared.layers.length === 0) {
    at.add("EMPTY", "must have at least one layer.", "layers");
  }
  if (input !== undefined && outputShape !== undefined && !equal(input, outputShape)) {
    const message = `takes shape ${shownShape(input)} and makes ${shownShape(outputShape)} of it`;
    at.add("SHAPE_MISMATCH", `${message}: they must be the same to be added.`);
  }
  return { body: { type: "residual", layers }, outputShape: input };
}

export function resolveParallel(
  at: Findings,
  declared: ParallelDeclaration,
  input: Shape,
  scope: Scope,
  resolveList: ResolveList,
): Resolved {
  const list = readList(at, "branches", declared.branches, limits.branches);
  if (Array.isArray(declared.branches) && declared.branches.length < 2) {
    at.add("EMPTY", "must have at least two branches.", "branches");
  }
  const places = at.at("branches");
  const resolved = list.map((branch, index) => resolveList(places, index, branch, input, scope));
  const merge = readChoice(at, "merge", declared.merge, merges, "CONCATENATE");
  const hasAxis = declared.axis !== undefined && declared.axis !== null;
  if (merge !== "CONCATENATE" && hasAxis) {
    at.add("CONTRADICTION", `applies to CONCATENATE only, and merge is ${merge}.`, "axis");
  }
  const shapes = resolved.map(({ outputShape }) => outputShape);
  const [first] = shapes;
  if (first === undefined || !allKnown(shapes)) return { outputShape: undefined };
  const axis = merge === "CONCATENATE" ? readAxis(at, declared.axis, first.length) : null;
  if (axis === undefined) return { outputShape: undefined };
  const outputShape = mergedShape(shapes, axis);
  if (outputShape === undefined) {
    const but = axis === null ? "" : ` in all but dimension ${axis}`;
    at.add("SHAPE_MISMATCH", `make ${shapes.map(shownShape).join(", ")}: must be the same${but}.`, "branches");
  }
  return { body: { type: "parallel", branches: resolved.map(({ layers }) => layers), merge, axis }, outputShape };
}

/** The axis counted from 0; the last by default. */
function readAxis(at: Findings, declared: number | null | undefined, rank: number): number | undefined {
  const axis = readInteger(at, "axis", declared, -rank, -1, rank - 1);
  if (Number.isNaN(axis)) return undefined;
  return axis < 0 ? axis + rank : axis;
}

/** The shapes concatenated along `axis`, or all the same where that is null; undefined if they do not fit. */
function mergedShape(shapes: readonly (readonly number[])[], axis: number | null): number[] | undefined {
  const [first = []] = shapes;
  const fit = shapes.every(
    (shape) => shape.length === first.length && shape.every((size, index) => size === first[index] || index === axis),
  );
  if (!fit) return undefined;
  if (axis === null) return [...first];
  const total = shapes.reduce((sum, shape) => sum + (shape[axis] ?? 0), 0);
  return first.map((size, index) => (index === axis ? total : size));
}

/** Two layers of the same declaration; their weights are their own. */
export function resolveBidirectional(at: Findings, declared: BidirectionalDeclaration, input: Shape): Resolved {
  const mergeMode = readChoice(at, "mergeMode", declared.mergeMode, merges, "CONCATENATE");
  const layer = readOneOf(at, "layer", declared.layer, ["simpleRnn", "lstm", "gru"]);
  const { body, outputShape } = layer ? resolveOne(at.at("layer"), layer, input) : ({} as Partial<Resolved>);
  if (body === undefined || input === undefined || outputShape === undefined) return { outputShape: undefined };
  const twin = (name: string, backwards: boolean) => {
    const goBackwards = "goBackwards" in body && body.goBackwards !== backwards;
    const shapes = { inputShape: [...input], outputShape: [...outputShape] };
    // The cast joins the parts of a union, which the compiler takes apart but does not put together again.
    return { name, ...shapes, ...body, goBackwards } as RecurrentLayer;
  };
  return {
    body: {
      type: "bidirectional",
      mergeMode,
      forwardLayer: twin("forward_layer", false),
      backwardLayer: twin("backward_layer", true),
    },
    outputShape: mergedShape([outputShape, outputShape], mergeMode === "CONCATENATE" ? outputShape.length - 1 : null),
  };
}

function resolveOne(places: Findings, layer: RecurrentDeclaration, input: Shape): Resolved {
  const { simpleRnn, lstm, gru } = layer;
  const type = simpleRnn ? "simpleRnn" : lstm ? "lstm" : "gru";
  const at = places.at(type);
  const name = layer[type]?.name;
  if (name !== undefined && name !== null) {
    at.add("CONTRADICTION", "has no name of its own: its parameters are in forward_layer and backward_layer.", "name");
  }
  if (simpleRnn) return resolveSimpleRnn(at, simpleRnn, input);
  if (lstm) return resolveLstm(at, lstm, input);
  return gru ? resolveGru(at, gru, input) : { outputShape: undefined };
}

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, index) => size === b[index]);
}

function allKnown(shapes: readonly Shape[]): shapes is readonly (readonly number[])[] {
  return !shapes.includes(undefined);
}

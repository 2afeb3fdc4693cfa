import { struct, type Union } from "../fields/field.js";
import { readInteger, readList, readOneOf } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { readBy } from "../fields/objects.js";
import { choice, integer, readElsewhere } from "../fields/scalars.js";
import { shownShape } from "../fields/wording.js";
import { layer, named, type Place, resolveLayer, type Shape } from "./description.js";
import type {
  BidirectionalBody,
  Layer,
  LayerDeclaration,
  ParallelBody,
  RecurrentDeclaration,
  RecurrentLayer,
  ResidualBody,
} from "./layer.js";
import { mergeChoices } from "./merge.js";
import { recurrents } from "./recurrent.js";

const recurrentUnion = {
  name: "RecurrentLayerInput",
  doc: "A recurrent layer: exactly one of these.",
  alternatives: recurrents,
} satisfies Union;
const recurrentTypes = Object.keys(recurrents) as (keyof typeof recurrents)[];

const merge = choice(mergeChoices, { default: "CONCATENATE", doc: "How their outputs become one." });
const axis = integer({
  min: -limits.rank,
  max: limits.rank - 1,
  default: -1,
  doc: "CONCATENATE only: the axis without the batch, counted from 0, or backwards from -1 for the last. All branches must have it.",
});

/**
 * Layers made of layers.
 *
 * @param union all layers, which these hold.
 */
export const nestedLayers = (union: () => Union) => ({
  bidirectional: layer({
    doc: "A recurrent layer in both directions.",
    input: struct(
      "BidirectionalInput",
      "Two recurrent layers of one declaration, one reading forwards and one backwards, merged (Keras: Bidirectional).",
      {
        ...named,
        mergeMode: choice(mergeChoices, { default: "CONCATENATE", doc: "How both outputs become one." }),
        layer: readBy<RecurrentDeclaration, undefined, true>(
          {
            doc: "The layer, without a name of its own.",
            takes: { type: "ONE_OF", union: () => recurrentUnion },
            required: true,
          },
          () => undefined,
        ),
      },
    ),
    readsSequence: true,
    resolve({ mergeMode }, place, declared): { outputShape: Shape; body?: BidirectionalBody } {
      const { at, input } = place;
      const given = readOneOf(at, "layer", declared.layer, recurrentTypes);
      const { outputShape, twin } = (given && resolveTwins(at.at("layer"), given, place)) ?? {};
      if (input === undefined || outputShape === undefined || twin === undefined) return { outputShape: undefined };
      return {
        body: { mergeMode, forwardLayer: twin("forward_layer", false), backwardLayer: twin("backward_layer", true) },
        outputShape: mergedShape(
          [outputShape, outputShape],
          mergeMode === "CONCATENATE" ? outputShape.length - 1 : null,
        ),
      };
    },
    within: ({ forwardLayer, backwardLayer }) => [forwardLayer, backwardLayer].map(withPath),
  }),

  residual: layer({
    doc: "Layers whose input is added to their output.",
    input: struct("ResidualInput", "Its layers' output plus its input: their shapes must be the same.", {
      ...named,
      layers: readBy<LayerDeclaration[], undefined, true>(
        {
          doc: "One layer or more, one after the other.",
          takes: { type: "LIST", of: { type: "ONE_OF", union }, min: 1, max: limits.layers },
          required: true,
        },
        () => undefined,
      ),
    }),
    resolve(_fields, { at, input, resolveList }, declared): { outputShape: Shape; body: ResidualBody } {
      const { layers, outputShape } = resolveList(at, "layers", declared.layers, input);
      if (Array.isArray(declared.layers) && declared.layers.length === 0) {
        at.add("EMPTY", "must have at least one layer.", "layers");
      }
      if (input !== undefined && outputShape !== undefined && !equal(input, outputShape)) {
        const message = `takes shape ${shownShape(input)} and makes ${shownShape(outputShape)} of it`;
        at.add("SHAPE_MISMATCH", `${message}: they must be the same to be added.`);
      }
      return { body: { layers: layers as Layer[] }, outputShape: input };
    },
    within: ({ layers }) => layers.map(withPath),
  }),

  parallel: layer({
    doc: "Branches side by side.",
    input: struct("ParallelInput", "Takes the same input through several branches and merges their outputs.", {
      ...named,
      branches: readBy<LayerDeclaration[][], undefined, true>(
        {
          doc: `2 to ${limits.branches} lists of layers. An empty one hands on the input as it is.`,
          takes: {
            type: "LIST",
            of: { type: "LIST", of: { type: "ONE_OF", union }, max: limits.layers },
            min: 2,
            max: limits.branches,
          },
          required: true,
        },
        () => undefined,
      ),
      // Read after the branches.
      merge: readElsewhere(merge),
      axis: readElsewhere(axis),
    }),
    resolve(_fields, { at, input, resolveList }, declared): { outputShape: Shape; body?: ParallelBody } {
      const list = readList(at, "branches", declared.branches, limits.branches);
      if (Array.isArray(declared.branches) && declared.branches.length < 2) {
        at.add("EMPTY", "must have at least two branches.", "branches");
      }
      const places = at.at("branches");
      const resolved = list.map((branch, index) => resolveList(places, index, branch, input));
      const how = merge.read(at, "merge", declared.merge, declared);
      if (how !== "CONCATENATE" && (declared.axis ?? undefined) !== undefined) {
        at.add("CONTRADICTION", `applies to CONCATENATE only, and merge is ${how}.`, "axis");
      }
      const shapes = resolved.map(({ outputShape }) => outputShape);
      const [first] = shapes;
      if (first === undefined || !allKnown(shapes)) return { outputShape: undefined };
      const along = how === "CONCATENATE" ? readAxis(at, declared.axis, first.length) : null;
      if (along === undefined) return { outputShape: undefined };
      const outputShape = mergedShape(shapes, along);
      if (outputShape === undefined) {
        const but = along === null ? "" : ` in all but dimension ${along}`;
        at.add("SHAPE_MISMATCH", `make ${shapes.map(shownShape).join(", ")}: must be the same${but}.`, "branches");
      }
      const branches = resolved.map(({ layers }) => layers as Layer[]);
      return { body: { branches, merge: how, axis: along }, outputShape };
    },
    within: ({ branches }) =>
      branches.flatMap((branch, index) =>
        branch.map((layer) => ({ path: `${branchName(index)}/${layer.name}`, layer })),
      ),
  }),
});

/** `branch_0`: what the paths of a branch's parameters begin with. */
export function branchName(index: number): string {
  return `branch_${index}`;
}

const withPath = (layer: Layer) => ({ path: layer.name, layer });

/** Resolves the one layer of a bidirectional one, of which there are two with weights of their own. */
function resolveTwins(places: Findings, declared: RecurrentDeclaration, place: Place) {
  const type = recurrentTypes.find((key) => (declared[key] ?? undefined) !== undefined);
  if (type === undefined) return undefined;
  const at = places.at(type);
  const own = declared[type] as NonNullable<RecurrentDeclaration["simpleRnn"]>;
  if ((own.name ?? undefined) !== undefined) {
    at.add("CONTRADICTION", "has no name of its own: its parameters are in forward_layer and backward_layer.", "name");
  }
  const { body, outputShape } = resolveLayer(recurrents[type] as typeof recurrents.simpleRnn, own, { ...place, at });
  const twin = (name: string, backwards: boolean): RecurrentLayer => {
    const shapes = { inputShape: [...(place.input ?? [])], outputShape: [...(outputShape ?? [])] };
    // The cast joins the parts of a union, which the compiler takes apart but does not put together again.
    return { name, type, ...shapes, ...body, goBackwards: body.goBackwards !== backwards } as RecurrentLayer;
  };
  return { outputShape, twin };
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

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, index) => size === b[index]);
}

function allKnown(shapes: readonly Shape[]): shapes is readonly (readonly number[])[] {
  return !shapes.includes(undefined);
}

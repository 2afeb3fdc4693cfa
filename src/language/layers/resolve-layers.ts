import { readList, readName, readObject, readOneOf } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { count, shown } from "../fields/wording.js";
import { type LayerDescription, resolveLayer, type Shape } from "./description.js";
import type { DeclaredType, Layer, LayerDeclaration } from "./layer.js";
import { layers as descriptions, layerTypes } from "./layers.js";
import { parameterCount } from "./parameters.js";

/** What the layers of a list share. */
interface Scope {
  /** How many layers this list of layers lies within: 0 for the model's own. */
  depth: number;
  /** See `Place.ids`: of what comes into the first layer. */
  ids: number | undefined;
  /** Layers of the whole model, counted while they are resolved. */
  counted: { layers: number };
}

/**
 * The hidden layers with defaults and shapes, as far as they could be resolved, and what comes out of the last one.
 * @param ids what embedding layers may read of the inputs: see `Place`.
 * @param before resolved layers that the platform puts before them; they are part of the answer.
 */
export function resolveLayers(
  findings: Findings,
  declared: readonly LayerDeclaration[],
  inputShape: Shape,
  ids?: number,
  before: readonly Layer[] = [],
): { layers: Layer[]; outputShape: Shape } {
  const scope = { depth: 0, ids, counted: { layers: 0 } };
  const { layers, outputShape } = resolveList(findings, "layers", declared, inputShape, scope, parameterCount(before));
  return { layers: [...before, ...layers], outputShape };
}

/** A list of layers, the model's own or one within a layer, at `key` below `findings`. */
function resolveList(
  findings: Findings,
  key: string | number,
  declared: readonly LayerDeclaration[],
  inputShape: Shape,
  scope: Scope,
  parametersBefore = 0,
): { layers: Layer[]; outputShape: Shape } {
  const at = findings.at(key);
  const layers: Layer[] = [];
  const names = new Map<string, number>();
  let shape = inputShape;
  let parameters = parametersBefore;
  let ids = scope.ids;
  const list = readList(findings, key, declared, limits.layers);
  scope.counted.layers += list.length;
  if (scope.depth > limits.nesting) {
    at.add("OUT_OF_RANGE", `lies within ${count(scope.depth)} layers; at most ${count(limits.nesting)}.`);
    return { layers, outputShape: undefined };
  }
  if (scope.depth > 0 && scope.counted.layers > limits.layers) {
    at.add("TOO_LONG", `the model has more than ${count(limits.layers)} layers up to here.`);
    return { layers, outputShape: undefined };
  }
  for (const [index, entry] of list.entries()) {
    const layer = readOneOf(at, index, entry, layerTypes);
    const type = layerTypes.find((key) => layer?.[key] !== undefined && layer[key] !== null);
    const own = layer && type && readObject(at.at(index), type, layer[type]);
    if (type === undefined || own === undefined) {
      shape = undefined;
      continue;
    }
    const place = at.at(index).at(type);
    const name = resolveName(place, own.name, type, index, names);
    const inner: Scope = { ...scope, depth: scope.depth + 1, ids };
    const description: LayerDescription = descriptions[type];
    const { body, outputShape } = resolveLayer(description, own as object as Record<string, unknown>, {
      at: place,
      input: shape,
      ids,
      resolveList: (at, key, declared, input) => resolveList(at, key, declared as LayerDeclaration[], input, inner),
    });
    if (!description.keepsIds) ids = undefined;
    const elements = outputShape?.reduce((product, entry) => product * entry, 1) ?? 0;
    if (elements > limits.activations) {
      at.add(
        "OUT_OF_RANGE",
        `makes ${count(elements)} numbers of each row; at most ${count(limits.activations)}.`,
        index,
      );
    }
    if (shape !== undefined && outputShape !== undefined) {
      // The cast joins the parts of a union, which the compiler takes apart but does not put together again.
      const resolved = { name, type, inputShape: [...shape], outputShape: [...outputShape], ...body } as Layer;
      layers.push(resolved);
      const before = parameters;
      parameters += parameterCount([resolved]);
      if (scope.depth === 0 && before <= limits.parameters) checkParameters(at, parameters, index);
    }
    shape = outputShape;
  }
  return { layers, outputShape: shape };
}

/** Reports at `key` when the layers up to there have more parameters than are allowed. */
export function checkParameters(at: Findings, parameters: number, key?: number): void {
  if (parameters <= limits.parameters) return;
  const message = `the model has ${count(parameters)} parameters up to here; at most ${count(limits.parameters)} are allowed.`;
  at.add("OUT_OF_RANGE", message, key);
}

/** `dense_0`, `batch_normalization_1`: the type and the layer's place. */
function resolveName(
  at: Findings,
  declared: string | null | undefined,
  type: DeclaredType,
  index: number,
  taken: Map<string, number>,
): string {
  const byDefault = `${type.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_${index}`;
  const name = declared === undefined || declared === null ? byDefault : readName(at, "name", declared, "layer");
  const earlier = taken.get(name);
  if (name === "") return name;
  if (earlier === undefined) taken.set(name, index);
  else at.add("DUPLICATE", `${shown(name)} is already the name of layer ${earlier}.`, "name");
  return name;
}

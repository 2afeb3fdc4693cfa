import type { Findings } from "../fields/findings.js";
import type { Layer, LayerDeclaration } from "./layer.js";
import type { Shape } from "./resolved-layer.js";

/** What a layer may need to know beyond its own declaration and its input's shape. */
export interface Scope {
  /** How many layers this list of layers lies within: 0 for the model's own. */
  depth: number;
  /**
   * What an embedding layer may read: undefined where fractions can come; otherwise every number is a whole one from 0,
   * and below `ids` as far as the features themselves say so (0 where they do not).
   */
  ids: number | undefined;
  /** Layers of the whole model, counted while they are resolved. */
  counted: { layers: number };
}

/** Resolves a list of layers within a layer. `key` is the list's place under `at`. */
export type ResolveList = (
  at: Findings,
  key: string | number,
  declared: readonly LayerDeclaration[],
  input: Shape,
  scope: Scope,
) => { layers: Layer[]; outputShape: Shape };

import type { Layer } from "./layer.js";

/** Undefined where a problem before it leaves a shape unknown; what depends on the shape is then not checked. */
export type Shape = readonly number[] | undefined;

type BodyOf<L> = L extends Layer ? Omit<L, "name" | "inputShape" | "outputShape"> : never;

/** A resolved layer without what every layer has. */
export type Body = BodyOf<Layer>;

/** What one layer's declaration comes to. Without a body, the declaration was too wrong to make one. */
export interface Resolved {
  body?: Body;
  outputShape: Shape;
}

import type { Padding } from "./spatial.js";

interface Named {
  /** Unique within the model; default: the layer's type and its index, such as `max_pooling2d_1`. */
  name?: string | null;
}

/** Lists have one entry, which holds for every axis, or one an axis: height, width. */
export interface PoolingDeclaration extends Named {
  poolSize?: number[] | null;
  /** Default: `poolSize`. */
  strides?: number[] | null;
  padding?: Padding | null;
}
export interface GlobalPoolingDeclaration extends Named {
  keepDims?: boolean | null;
}

export const poolings = ["maxPooling1d", "maxPooling2d", "averagePooling1d", "averagePooling2d"] as const;
export const globalPoolings = [
  "globalMaxPooling1d",
  "globalMaxPooling2d",
  "globalAveragePooling1d",
  "globalAveragePooling2d",
] as const;

/** Resolved: every list has one entry an axis. */
export interface Pooling {
  type: (typeof poolings)[number];
  poolSize: number[];
  strides: number[];
  padding: Padding;
}
export interface GlobalPooling {
  type: (typeof globalPoolings)[number];
  /** Whether the axes that are pooled stay, with an extent of 1. */
  keepDims: boolean;
}

/** The layers' fields in a declaration. */
export type PoolingDeclarations = { [T in Pooling["type"]]?: PoolingDeclaration | null } & {
  [T in GlobalPooling["type"]]?: GlobalPoolingDeclaration | null;
};

interface Named {
  /** Unique within the model; default: the layer's type and its index, such as `permute_1`. */
  name?: string | null;
}

export interface PermuteDeclaration extends Named {
  /** The input's axes in their new order, counted from 1, without the batch. */
  dims: number[];
}
export interface RepeatVectorDeclaration extends Named {
  n: number;
}
export interface ZeroPadding1dDeclaration extends Named {
  /** `[both]` or `[before, after]`. */
  padding?: number[] | null;
}
export interface ZeroPadding2dDeclaration extends Named {
  /** `[both axes]` or `[height, width]`, each `[both]` or `[before, after]`. */
  padding?: number[][] | null;
}
export interface UpSamplingDeclaration extends Named {
  /** One entry, which holds for every axis, or one an axis: height, width. */
  size?: number[] | null;
}

/** Resolved: every list has one entry an axis, and a padding is `[before, after]` of each. */
export type Reshaping =
  | { type: "permute"; dims: number[] }
  | { type: "repeatVector"; n: number }
  | { type: "zeroPadding1d" | "zeroPadding2d"; padding: number[][] }
  | { type: "upSampling1d" | "upSampling2d"; size: number[] };

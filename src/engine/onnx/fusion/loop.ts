import type { Node } from "../program/model.js";

/** Operations on as many elements each, none of which looks at another element; computed together in one loop. */
export interface Loop {
  /** Count of elements. */
  size: number;
  /** In order; their results are used only here or go out. */
  nodes: Node[];
  /** Tensors of `size` elements that come from outside. */
  tensors: string[];
  /** Single numbers that come from outside and differ from run to run. */
  scalars: string[];
  /** Results that leave: the output's name, and the value. */
  outputs: { name: string; from: string }[];
}

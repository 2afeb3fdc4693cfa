import { convolution } from "./convolution.js";
import { elementwise } from "./elementwise.js";
import { gather } from "./gather.js";
import { image } from "./image.js";
import type { KernelForms } from "./kernel.js";
import { matmul } from "./matmul.js";
import { normalization } from "./normalization.js";
import { pooling } from "./pooling.js";
import { reduction } from "./reduction.js";
import { shape } from "./shape.js";

/** The ONNX form of every tfjs kernel that can be compiled. */
export const kernelForms: KernelForms = {
  ...elementwise,
  ...reduction,
  ...matmul,
  ...shape,
  ...gather,
  ...convolution,
  ...pooling,
  ...image,
  ...normalization,
};

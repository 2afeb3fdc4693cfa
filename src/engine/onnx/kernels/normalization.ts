import * as tf from "@tensorflow/tfjs-core";
import { binary, unary } from "./elementwise.js";
import type { KernelForms } from "./kernel.js";

export const normalization: KernelForms = {
  [tf.FusedBatchNorm]: ({ record, input, optional, attributes }) => {
    const [x, variance] = [input("x"), input("variance")];
    const epsilon = record.scalar(attributes.varianceEpsilon as number);
    const inverse = unary(record, "Reciprocal", unary(record, "Sqrt", binary(record, "Add", variance, epsilon)));
    const [scale, offset] = [optional("scale"), optional("offset")];
    const factor = scale ? binary(record, "Mul", inverse, scale) : inverse;
    const normalized = binary(record, "Mul", binary(record, "Sub", x, input("mean")), factor);
    return offset ? binary(record, "Add", normalized, offset) : normalized;
  },
};

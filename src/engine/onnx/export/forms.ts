import { secondsOf } from "../../../features/values/scaling.js";
import type { FeatureType } from "../../../language/datasets/feature-types.js";
import type { ModelInput } from "../../../language/models/model.js";
import type { Dimension } from "../program/model.js";
import { encodeCategory } from "./raw-categories.js";
import { encodeItems, encodeTokens } from "./raw-elements.js";
import { encodeInstant } from "./raw-instants.js";
import { encodeNumbers } from "./raw-numbers.js";
import { elementShape, type RawForm, rowShape } from "./raw-values.js";

/** The form of each feature type in an exported model. */
export const rawForms: Record<FeatureType, RawForm> = {
  NUMBER: { elementType: () => "float64", shape: rowShape, encode: encodeNumbers },
  BINARY: { elementType: () => "float32", shape: rowShape, encode: encodeNumbers },
  CATEGORY: { elementType: () => "string", shape: rowShape, encode: encodeCategory },
  LABELS: { elementType: () => "string", shape: elementShape, encode: encodeItems },
  VECTOR: { elementType: () => "float64", shape: rowShape, encode: encodeNumbers },
  IMAGE: { elementType: () => "float32", shape: rowShape, encode: encodeNumbers },
  // ONNX has no hash, so hashed tokens come as ids.
  TEXT: {
    elementType: ({ vectorization }) => (vectorization?.maxTokens != null ? "string" : "int64"),
    shape: elementShape,
    encode: encodeTokens,
  },
  SEQUENCE: {
    elementType: ({ categories }) => (categories.length > 0 ? "string" : "float64"),
    shape: elementShape,
    encode: encodeItems,
  },
  TIMESTAMP: { elementType: () => "float64", shape: rowShape, ofStored: secondsOf, encode: encodeInstant },
};

/** The shape of a feature in an exported model. */
export function rawShape(input: ModelInput): Dimension[] {
  return rawForms[input.type].shape(input);
}

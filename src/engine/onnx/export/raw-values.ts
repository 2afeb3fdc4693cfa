import type { ModelInput } from "../../../language/models/model.js";
import type { DataType, Dimension, Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";

/** Stands for any count of rows: shapes with the batch are written into a file by name. */
export const rows = 1;

/** ONNX's numbers for the types that values are cast to. */
const castTo = { float32: 1, int64: 7, float64: 11 } as const;

/** The same values as another type. */
export function cast(record: Recorder, value: Value, type: keyof typeof castTo): Value {
  if (value.type === type) return value;
  return record.node("Cast", [value], { shape: value.shape, type }, { to: castTo[type] });
}

/** What stands for padding among texts: no category, and no token, is the empty text. */
export const paddingText = "";

/** Whether the feature has any count of elements: a TEXT or a SEQUENCE. */
export function isElements({ type }: Pick<ModelInput, "type">): boolean {
  return type === "TEXT" || type === "SEQUENCE";
}

/** Whether the feature is given as texts rather than as numbers. Hashed tokens are not: ONNX has no hash. */
export function isText({ type, categories, vectorization }: ModelInput): boolean {
  return type === "CATEGORY" || vectorization?.maxTokens != null || (type === "SEQUENCE" && categories.length > 0);
}

/**
 * The type of the elements that an ONNX file takes. Numbers may be large beside what tells them apart, as seconds since 1970
 * are, so they need the digits that rows keep; pixels and flags do not.
 */
export function rawType(input: ModelInput): DataType {
  if (isText(input)) return "string";
  if (input.type === "TEXT") return "int64";
  return input.type === "IMAGE" || input.type === "BINARY" ? "float32" : "float64";
}

/**
 * The shape of a feature in an ONNX file: a NUMBER is a list of one number, and of elements there are as many as the model
 * has places for, or any count where they are counted.
 */
export function rawShape({ feature, type, shape, placement }: ModelInput): Dimension[] {
  if (isElements({ type })) return ["batch", placement?.maxLength ?? `${feature} elements`, ...shape];
  return ["batch", ...(shape.length === 0 ? [1] : shape)];
}

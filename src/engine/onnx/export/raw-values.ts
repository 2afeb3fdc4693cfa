import type { FittedMethod } from "../../../features/fit-preprocessing.js";
import type { ModelInput } from "../../../language/models/model.js";
import type { DataType, Dimension, Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";

/** How features of one type enter an exported model; see `exportVersion`. */
export interface RawForm {
  /**
   * The type of the elements that the file takes. Numbers are float64 as in rows, because large ones such as seconds since
   * 1970 differ in digits that float32 has not; pixels and flags are float32.
   */
  elementType(input: ModelInput): DataType;
  /** The shape of the raw values: `rowShape`, or `elementShape` for any number of elements. */
  shape(input: ModelInput): Dimension[];
  /** The number that the file takes for a stored one. By default they are the same. */
  ofStored?(number: number): number;
  /** From raw values to what the network takes, as the type's codec encodes them. */
  encode(record: Recorder, raw: Value, input: ModelInput, scaling: FittedMethod): Encoded;
}

export interface Encoded {
  value: Value;
  /** [batch, 1]: whether a row holds a category that the model does not know. */
  isUnknown?: Value;
}

/** A fixed number of values a row; a NUMBER is a list of one. */
export function rowShape({ shape }: ModelInput): Dimension[] {
  return ["batch", ...(shape.length === 0 ? [1] : shape)];
}

/** As many elements as the model has places for, or any number where they are counted. */
export function elementShape({ feature, shape, placement }: ModelInput): Dimension[] {
  return ["batch", placement?.maxLength ?? `${feature} elements`, ...shape];
}

/** Stands for any number of rows: files have the name of the batch there. */
export const rows = 1;

/** ONNX's numbers for the types that values are cast to. */
const castTo = { float32: 1, int64: 7, float64: 11 } as const;

/** The same values as another type. */
export function cast(record: Recorder, value: Value, type: keyof typeof castTo): Value {
  if (value.type === type) return value;
  return record.node("Cast", [value], { shape: value.shape, type }, { to: castTo[type] });
}

/** Padding among texts: neither a category nor a token is empty. */
export const paddingText = "";

import type { FittedScaling } from "../../../features/preprocessing.js";
import type { ModelInput } from "../../../language/models/model.js";
import type { DataType, Dimension, Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";

/** The form that features of one type have in an exported model; see `exportVersion`. */
export interface RawForm {
  /**
   * The type of the elements that the file takes. Numbers may be large beside what tells them apart, as seconds since 1970
   * are, so they need the digits that rows keep; pixels and flags do not.
   */
  elementType(input: ModelInput): DataType;
  /** The shape of the raw values: `rowShape`, or `elementShape` for any number of elements. */
  shape(input: ModelInput): Dimension[];
  /** From raw values to what the network takes, as the type's codec encodes them. */
  encode(record: Recorder, raw: Value, input: ModelInput, scaling: FittedScaling): Encoded;
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

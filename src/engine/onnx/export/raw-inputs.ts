import {
  affine,
  type FittedPreprocessing,
  type FittedScaling,
  fittedOf,
  groupCount,
} from "../../../features/preprocessing.js";
import type { ModelInput, ModelSpec } from "../../../language/models/model.js";
import { type Dimension, elements, type Program, type Value } from "../program/model.js";
import { Recorder } from "../program/recorder.js";
import { encodeElements } from "./raw-elements.js";
import { encodeInstant } from "./raw-instants.js";
import { cast, isElements, isText, rawShape, rawType, rows } from "./raw-values.js";

const inputPrefix = "feature/";

/** The feature that an input of `rawInputs` is for: the prefix keeps what users call things apart from all else. */
export function featureOf(inputName: string): string {
  return inputName.slice(inputPrefix.length);
}

/**
 * From raw features to what the network takes, as `encodeInputs` does: one input per feature (see `featureOf`); out come `x`
 * [batch, ...inputShape] and, where a feature has categories, `unknown` [batch, 1]: whether a row holds a category that
 * the model does not know. Statistics are applied in float64, as they were fitted.
 */
export function rawInputs(model: ModelSpec, fitted: FittedPreprocessing): Program {
  const record = new Recorder("preprocessing");
  const unknown: Value[] = [];
  const encoded = model.inputs.map((input, index) => {
    const scaling = fittedOf(fitted.inputs[index], input.feature);
    // A count of tokens that only the caller knows has a stand-in here, as the count of rows has.
    const shape = rawShape(input).map((size: Dimension) => (typeof size === "number" ? size : rows));
    const raw = record.input(`${inputPrefix}${input.feature}`, shape, rawType(input));
    if (isElements(input)) {
      const { value, isUnknown } = encodeElements(record, raw, input, scaling);
      if (isUnknown) unknown.push(isUnknown);
      return value;
    }
    if (input.type === "TIMESTAMP") return encodeInstant(record, raw, scaling);
    if (!isText(input)) return scaled(record, raw, input, scaling);
    const { code, isUnknown } = codeOf(record, raw, input);
    unknown.push(isUnknown);
    return categorical(record, code, input, scaling);
  });
  record.output("x", joined(record, encoded, model.inputShape));
  const [first, ...others] = unknown;
  if (first)
    record.output(
      "unknown",
      others.reduce((a, b) => record.node("Or", [a, b], resultLike(a)), first),
    );
  return record.program;
}

function resultLike({ shape, type }: Value) {
  return { shape, type };
}

/** A category as its index, -1 where it is none of the model's. */
function codeOf(record: Recorder, text: Value, { categories }: ModelInput): { code: Value; isUnknown: Value } {
  const [code] = record.nodes(
    "LabelEncoder",
    [text],
    [{ shape: text.shape, type: "int64" }],
    { keys_strings: categories, values_int64s: categories.map((_, index) => index), default_int64: -1 },
    "ai.onnx.ml",
  ) as [Value];
  return { code, isUnknown: record.node("Less", [code, record.int64([0])], { shape: text.shape, type: "bool" }) };
}

function categorical(record: Recorder, code: Value, input: ModelInput, { method }: FittedScaling): Value {
  if (method !== "ONE_HOT") {
    return cast(record, record.node("Max", [code, record.int64([0])], resultLike(code)), "float32");
  }
  const all = record.int64(input.categories.map((_, index) => index));
  const equal = record.node("Equal", [code, all], { shape: [rows, input.categories.length], type: "bool" });
  return cast(record, equal, "float32");
}

function scaled(record: Recorder, raw: Value, input: ModelInput, scaling: FittedScaling): Value {
  if (scaling.method === "NONE") return cast(record, raw, "float32");
  const groups = groupCount(input);
  const { center, scale, unit } = affine(scaling, groups);
  // An image has a number per channel, its last axis; everything else has one axis, and one per element.
  const shape = [groups];
  const numbers = (values: readonly number[]) => record.constant(Float64Array.from(values), shape, "float64");
  const result = { shape: raw.shape, type: "float64" as const };
  let value = cast(record, raw, "float64");
  if (unit !== 1) value = record.node("Div", [value, numbers(center.map(() => unit))], result);
  value = record.node("Sub", [value, numbers(center)], result);
  value = record.node("Div", [value, numbers(scale)], result);
  return cast(record, value, "float32");
}

/** Features side by side, in the model's order; one alone keeps its shape. */
function joined(record: Recorder, parts: readonly Value[], inputShape: readonly number[]): Value {
  const reshaped = (value: Value, shape: readonly number[]) => {
    if (value.shape.join() === [rows, ...shape].join()) return value;
    return record.node("Reshape", [value, record.int64([-1, ...shape])], { shape: [rows, ...shape], type: value.type });
  };
  const [only] = parts;
  if (only && parts.length === 1) return reshaped(only, inputShape);
  const flat = parts.map((part) => reshaped(part, [elements(part.shape)]));
  const width = flat.reduce((sum, part) => sum + elements(part.shape), 0);
  return reshaped(record.node("Concat", flat, { shape: [rows, width], type: "float32" }, { axis: 1 }), inputShape);
}

import {
  affine,
  type FittedPreprocessing,
  type FittedScaling,
  fittedOf,
  groupCount,
} from "../../features/preprocessing.js";
import type { ModelInput, ModelSpec } from "../../spec/model.js";
import { elements, type Program, type Value } from "./model.js";
import { Recorder } from "./recorder.js";

/** Stands for any count of rows: shapes with the batch are written into a file by name. */
const rows = 1;

/** ONNX's numbers for the types that values are cast to. */
export const castTo = { float32: 1, float64: 11 } as const;

/** The shape of one row of a feature in an ONNX file: a NUMBER is a list of one number. */
export function rowShape({ shape }: Pick<ModelInput, "shape">): number[] {
  return shape.length === 0 ? [1] : shape;
}

const inputPrefix = "feature/";

/** The feature that an input of `rawInputs` is for: the prefix keeps what users call things apart from all else. */
export function featureOf(inputName: string): string {
  return inputName.slice(inputPrefix.length);
}

/** Whether the feature is given as texts rather than as numbers. */
export function isText(input: Pick<ModelInput, "type">): boolean {
  return input.type === "CATEGORY";
}

/**
 * From raw features to what the network takes, as `encodeInputs` does: one input per feature (see `featureOf`); out come `x`
 * [batch, ...inputShape] and, where a feature is a category, `unknown` [batch, 1]: whether a row holds a category that
 * the model does not know. Statistics are applied in float64, as they were fitted.
 */
export function rawInputs(model: ModelSpec, fitted: FittedPreprocessing): Program {
  const record = new Recorder("preprocessing");
  const unknown: Value[] = [];
  const encoded = model.inputs.map((input, index) => {
    const scaling = fittedOf(fitted.inputs[index], input.feature);
    const shape = [rows, ...rowShape(input)];
    const name = `${inputPrefix}${input.feature}`;
    if (!isText(input)) return scaled(record, record.input(name, shape, "float32"), input, scaling);
    const { code, isUnknown } = codeOf(record, record.input(name, shape, "string"), input);
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
  const float = (value: Value) =>
    record.node("Cast", [value], { shape: value.shape, type: "float32" }, { to: castTo.float32 });
  if (method !== "ONE_HOT") return float(record.node("Max", [code, record.int64([0])], resultLike(code)));
  const all = record.int64(input.categories.map((_, index) => index));
  return float(record.node("Equal", [code, all], { shape: [rows, input.categories.length], type: "bool" }));
}

function scaled(record: Recorder, raw: Value, input: ModelInput, scaling: FittedScaling): Value {
  if (scaling.method === "NONE") return raw;
  const groups = groupCount(input);
  const { center, scale, unit } = affine(scaling, groups);
  // An image has a number per channel, its last axis; everything else one per element.
  const shape = input.type === "IMAGE" ? [groups] : rowShape(input);
  const numbers = (values: readonly number[]) => record.constant(Float64Array.from(values), shape, "float64");
  const result = { shape: raw.shape, type: "float64" as const };
  let value = record.node("Cast", [raw], result, { to: castTo.float64 });
  if (unit !== 1) value = record.node("Div", [value, numbers(center.map(() => unit))], result);
  value = record.node("Sub", [value, numbers(center)], result);
  value = record.node("Div", [value, numbers(scale)], result);
  return record.node("Cast", [value], { shape: raw.shape, type: "float32" }, { to: castTo.float32 });
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

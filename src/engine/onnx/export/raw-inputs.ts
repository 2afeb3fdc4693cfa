import type { FittedMethod } from "../../../features/fit-preprocessing.js";
import { type FittedPreprocessing, fittedOf } from "../../../features/preprocessing.js";
import type { ModelSpec } from "../../../language/models/model.js";
import { type Dimension, elements, type Program, type Value } from "../program/model.js";
import { Recorder } from "../program/recorder.js";
import { rawForms } from "./forms.js";
import { encodeRaw } from "./raw-missing.js";
import { rows } from "./raw-values.js";

const inputPrefix = "feature/";

/** The feature of an input of `rawInputs`. The prefix keeps users' names apart from all others. */
export function featureOf(inputName: string): string {
  return inputName.slice(inputPrefix.length);
}

/**
 * From raw features to what the network takes, as `encodeInputs` does. One input per feature (see `featureOf`). Outputs:
 * `x` [batch, ...inputShape] and, where a feature has categories, `unknown` [batch, 1]: whether a row has a category that
 * the model does not know. Statistics are applied in float64, as they were fitted.
 */
export function rawInputs(model: ModelSpec, fitted: FittedPreprocessing): Program {
  const record = new Recorder("preprocessing");
  const unknown: Value[] = [];
  const encoded = model.inputs.map((input, index) => {
    const scaling = fittedOf(fitted.inputs[index], input.feature) as FittedMethod;
    // A number of tokens that only the caller knows is 1 here, as the number of rows is.
    const form = rawForms[input.type];
    const shape = form.shape(input).map((size: Dimension) => (typeof size === "number" ? size : rows));
    const raw = record.input(`${inputPrefix}${input.feature}`, shape, form.elementType(input));
    const { value, isUnknown } = encodeRaw(record, raw, input, scaling, form);
    if (isUnknown) unknown.push(isUnknown);
    return value;
  });
  record.output("x", joined(record, encoded, model.inputShape));
  const [first, ...others] = unknown;
  if (first)
    record.output(
      "unknown",
      others.reduce((a, b) => record.node("Or", [a, b], { shape: a.shape, type: a.type }), first),
    );
  return record.program;
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

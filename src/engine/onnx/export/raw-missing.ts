import type { FittedMethod } from "../../../features/fit-preprocessing.js";
import { hasIndicator } from "../../../language/models/input-width.js";
import type { ModelInput } from "../../../language/models/model.js";
import { elements, type Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { cast, type Encoded, type RawForm, rows } from "./raw-values.js";

/**
 * A raw input as `encodeInputs` encodes it, missing values included. Where the model fills them in, a NaN among the numbers
 * of a row makes its value a missing one. Categories have "" instead (see `raw-categories.ts`), and texts and sequences
 * are empty: these need nothing here.
 */
export function encodeRaw(
  record: Recorder,
  raw: Value,
  input: ModelInput,
  fitted: FittedMethod,
  form: RawForm,
): Encoded {
  const { fill } = fitted;
  if (fill === undefined || typeof fill === "string") return form.encode(record, raw, input, fitted);
  const numbers = form.ofStored ? fill.map(form.ofStored) : fill;
  const isMissing = anyNaN(record, raw);
  const filled = record.node("Where", [isMissing, fillOf(record, raw, numbers), raw], raw);
  const encoded = form.encode(record, filled, input, fitted);
  if (!hasIndicator(input)) return encoded;
  const parts = [encoded.value, cast(record, isMissing, "float32")];
  const width = elements(encoded.value.shape) + 1;
  return { ...encoded, value: record.node("Concat", parts, { shape: [rows, width], type: "float32" }, { axis: 1 }) };
}

/** [batch, 1, …]: whether any number of a row is NaN. */
function anyNaN(record: Recorder, raw: Value): Value {
  const flags = record.node("IsNaN", [raw], { shape: raw.shape, type: "bool" });
  if (elements(raw.shape) === 1) return flags;
  const shape = [rows, ...raw.shape.slice(1).map(() => 1)];
  const axes = record.int64(raw.shape.slice(1).map((_, axis) => axis + 1));
  const most = record.node("ReduceMax", [cast(record, flags, "int64"), axes], { shape, type: "int64" });
  return record.node("Greater", [most, record.int64([0])], { shape, type: "bool" });
}

function fillOf(record: Recorder, { shape, type }: Value, numbers: readonly number[]): Value {
  const own = shape.slice(1);
  return type === "float64"
    ? record.constant(Float64Array.from(numbers), own, "float64")
    : record.constant(Float32Array.from(numbers), own, "float32");
}

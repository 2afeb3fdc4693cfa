import { affine, type FittedScaling, groupCount } from "../../../features/preprocessing.js";
import type { FittedRanks } from "../../../features/values/ranks.js";
import type { ModelInput } from "../../../language/models/model.js";
import type { Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { cast, type Encoded, rows } from "./raw-values.js";

/** Numbers, scaled in float64. */
export function encodeNumbers(record: Recorder, raw: Value, input: ModelInput, scaling: FittedScaling): Encoded {
  return { value: scaled(record, raw, input, scaling) };
}

function scaled(record: Recorder, raw: Value, input: ModelInput, scaling: FittedScaling): Value {
  if (scaling.method === "NONE") return cast(record, raw, "float32");
  if (scaling.method === "QUANTILE") return ranked(record, raw, scaling);
  const groups = groupCount(input);
  const { center, scale, unit, clip } = affine(scaling, groups);
  // One for each place of the last axis, such as an image's channels.
  const shape = [groups];
  const numbers = (values: readonly number[]) => record.constant(Float64Array.from(values), shape, "float64");
  const result = { shape: raw.shape, type: "float64" as const };
  let value = cast(record, raw, "float64");
  if (unit !== 1) value = record.node("Div", [value, numbers(center.map(() => unit))], result);
  value = record.node("Sub", [value, numbers(center)], result);
  value = record.node("Div", [value, numbers(scale)], result);
  if (Number.isFinite(clip)) {
    value = record.node("Max", [value, numbers(center.map(() => -clip))], result);
    value = record.node("Min", [value, numbers(center.map(() => clip))], result);
  }
  return cast(record, value, "float32");
}

/** A number's score: the first, and what each stretch between two quantiles adds below it. */
function ranked(record: Recorder, raw: Value, { values, scores }: FittedRanks): Value {
  const stretches = values.length - 1;
  const numbers = (all: readonly number[]) => record.constant(Float64Array.from(all), [all.length], "float64");
  const one = { shape: raw.shape, type: "float64" as const };
  const start = numbers([scores[0] ?? 0]);
  if (stretches < 1) {
    const nothing = record.node("Mul", [cast(record, raw, "float64"), numbers([0])], one);
    return cast(record, record.node("Add", [nothing, start], one), "float32");
  }
  const all = { shape: [rows, stretches], type: "float64" as const };
  const [low, high] = [numbers(values.slice(0, -1)), numbers(values.slice(1))];
  const width = numbers(values.slice(1).map((value, index) => value - (values[index] ?? 0)));
  const rise = numbers(scores.slice(1).map((score, index) => score - (scores[index] ?? 0)));
  let part = record.node("Max", [cast(record, raw, "float64"), low], all);
  part = record.node("Min", [part, high], all);
  part = record.node("Sub", [part, low], all);
  part = record.node("Div", [part, width], all);
  part = record.node("Mul", [part, rise], all);
  const sum = record.node("ReduceSum", [part, record.int64([1])], one, { keepdims: 1 });
  return cast(record, record.node("Add", [sum, start], one), "float32");
}

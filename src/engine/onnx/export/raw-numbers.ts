import { affine, type FittedScaling, groupCount } from "../../../features/preprocessing.js";
import type { ModelInput } from "../../../language/models/model.js";
import type { Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { cast, type Encoded } from "./raw-values.js";

/** Numbers, scaled in float64. */
export function encodeNumbers(record: Recorder, raw: Value, input: ModelInput, scaling: FittedScaling): Encoded {
  return { value: scaled(record, raw, input, scaling) };
}

function scaled(record: Recorder, raw: Value, input: ModelInput, scaling: FittedScaling): Value {
  if (scaling.method === "NONE") return cast(record, raw, "float32");
  const groups = groupCount(input);
  const { center, scale, unit } = affine(scaling, groups);
  // One for each place of the last axis, such as an image's channels.
  const shape = [groups];
  const numbers = (values: readonly number[]) => record.constant(Float64Array.from(values), shape, "float64");
  const result = { shape: raw.shape, type: "float64" as const };
  let value = cast(record, raw, "float64");
  if (unit !== 1) value = record.node("Div", [value, numbers(center.map(() => unit))], result);
  value = record.node("Sub", [value, numbers(center)], result);
  value = record.node("Div", [value, numbers(scale)], result);
  return cast(record, value, "float32");
}

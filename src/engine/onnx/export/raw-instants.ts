import { cycles, secondsPerDay } from "../../../features/calendar.js";
import { affine, type FittedScaling } from "../../../features/preprocessing.js";
import type { ModelInput } from "../../../language/models/model.js";
import type { Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { cast, type Encoded, rows } from "./raw-values.js";

/**
 * Seconds since 1970, float64 [batch, 1], as the codec of TIMESTAMP encodes them: [batch, 1], or [batch, 7] for CALENDAR.
 * All in float64 but the sine and cosine of the angle, which ONNX Runtime has in float32 only.
 */
export function encodeInstant(record: Recorder, seconds: Value, _input: ModelInput, scaling: FittedScaling): Encoded {
  const exact = { shape: [rows, 1], type: "float64" as const };
  const number = (value: number) => record.constant(Float64Array.of(value), [1], "float64");
  const float = (value: Value) => cast(record, value, "float32");
  const { center, scale } = affine(scaling, 1);
  const centered = record.node("Sub", [seconds, number(center[0] ?? 0)], exact);
  const lateness = float(record.node("Div", [centered, number(scale[0] ?? 1)], exact));
  if (scaling.method !== "CALENDAR") return { value: lateness };
  const days = record.node("Div", [seconds, number(secondsPerDay)], exact);
  const parts = cycles.flatMap((cycle) => {
    const turns = record.node(
      "Div",
      [record.node("Add", [days, number(cycle.offset)], exact), number(cycle.days)],
      exact,
    );
    const part = record.node("Sub", [turns, record.node("Floor", [turns], exact)], exact);
    const angle = float(record.node("Mul", [part, number(2 * Math.PI)], exact));
    return [record.node("Sin", [angle], angle), record.node("Cos", [angle], angle)];
  });
  const all = [lateness, ...parts];
  return { value: record.node("Concat", all, { shape: [rows, all.length], type: "float32" }, { axis: 1 }) };
}

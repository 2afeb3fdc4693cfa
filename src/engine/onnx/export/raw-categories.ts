import type { FittedScaling } from "../../../features/preprocessing.js";
import type { ModelInput } from "../../../language/models/model.js";
import type { Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { cast, type Encoded, rows } from "./raw-values.js";

/** Categories as texts, one-hot or as their codes. */
export function encodeCategory(record: Recorder, raw: Value, input: ModelInput, scaling: FittedScaling): Encoded {
  const { code, isUnknown } = codeOf(record, raw, input);
  return { value: categorical(record, code, input, scaling), isUnknown };
}

/** A category as its index; -1 for one that the model does not know. */
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
    return cast(
      record,
      record.node("Max", [code, record.int64([0])], { shape: code.shape, type: code.type }),
      "float32",
    );
  }
  const all = record.int64(input.categories.map((_, index) => index));
  const equal = record.node("Equal", [code, all], { shape: [rows, input.categories.length], type: "bool" });
  return cast(record, equal, "float32");
}

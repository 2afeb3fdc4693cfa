import type { FittedMethod } from "../../../features/fit-preprocessing.js";
import type { FittedScaling } from "../../../features/preprocessing.js";
import { type Fill, fillColumn } from "../../../features/values/fill.js";
import { codeCount, missingCode, otherCode } from "../../../language/models/input-width.js";
import type { ModelInput } from "../../../language/models/model.js";
import type { Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { cast, type Encoded, rows } from "./raw-values.js";

/** Categories as texts, one-hot or as their codes. */
export function encodeCategory(record: Recorder, raw: Value, input: ModelInput, scaling: FittedMethod): Encoded {
  const { code, isUnknown } = codeOf(record, raw, input, scaling);
  // A category that counts as OTHER is none that the model cannot use.
  const known = otherCode(input) === undefined ? { isUnknown } : {};
  return { value: categorical(record, code, input, scaling), ...known };
}

/** A category as its index; for one that the model does not know the code of OTHER, or -1. */
function codeOf(
  record: Recorder,
  text: Value,
  input: ModelInput,
  { fill }: FittedMethod,
): { code: Value; isUnknown: Value } {
  const { categories } = input;
  const nothing = categories.includes(missingText) ? undefined : codeOfMissing(input, fill);
  const [code] = record.nodes(
    "LabelEncoder",
    [text],
    [{ shape: text.shape, type: "int64" }],
    {
      keys_strings: [...categories, ...(nothing === undefined ? [] : [missingText])],
      values_int64s: [...categories.map((_, index) => index), ...(nothing === undefined ? [] : [nothing])],
      default_int64: otherCode(input) ?? -1,
    },
    "ai.onnx.ml",
  ) as [Value];
  return { code, isUnknown: record.node("Less", [code, record.int64([0])], { shape: text.shape, type: "bool" }) };
}

/** What stands for a missing category, unless it is one of the categories. */
const missingText = "";

function codeOfMissing(input: ModelInput, fill: Fill | undefined): number | undefined {
  return missingCode(input) ?? (fill === undefined ? undefined : fillColumn(input, fill)[0]);
}

function categorical(record: Recorder, code: Value, input: ModelInput, { method }: FittedScaling): Value {
  if (method !== "ONE_HOT") {
    return cast(
      record,
      record.node("Max", [code, record.int64([0])], { shape: code.shape, type: code.type }),
      "float32",
    );
  }
  const places = codeCount(input);
  const all = record.int64(Array.from({ length: places }, (_, index) => index));
  const equal = record.node("Equal", [code, all], { shape: [rows, places], type: "bool" });
  return cast(record, equal, "float32");
}

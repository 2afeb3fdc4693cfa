import { affine, type FittedScaling } from "../../../features/preprocessing.js";
import { firstTokenId, paddingId, unknownId } from "../../../features/values/vocabulary.js";
import { idCount } from "../../../language/models/input-width.js";
import type { ModelInput } from "../../../language/models/model.js";
import type { Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { cast, type Encoded, paddingText, rows } from "./raw-values.js";

/**
 * The tokens of a TEXT as its codec encodes them: at their places, `maxLength` per row, or counted. The input is tokenized
 * and padded: texts with "" as padding, or ids of hashed tokens with 0 as padding. ONNX can neither split texts nor change
 * their case row by row.
 */
export function encodeTokens(record: Recorder, raw: Value, input: ModelInput, scaling: FittedScaling): Encoded {
  const ids = raw.type === "string" ? idsOf(record, raw, input, scaling) : raw;
  return { value: encodeIds(record, ids, input, scaling) };
}

/**
 * The elements of a SEQUENCE as its codec encodes them: at their places, `maxLength` per row, or counted. The input is
 * padded: categories with "", numbers with NaN.
 */
export function encodeItems(record: Recorder, raw: Value, input: ModelInput, scaling: FittedScaling): Encoded {
  if (input.categories.length === 0) return { value: scaledElements(record, raw, input, scaling) };
  const ids = idsOf(record, raw, input, scaling);
  const value = encodeIds(record, ids, input, scaling);
  if (input.unseen === "IGNORE") return { value };
  const flags = record.node("Less", [ids, record.int64([paddingId])], { shape: ids.shape, type: "bool" });
  const numbers = cast(record, flags, "int64");
  const any = record.node("ReduceMax", [numbers, record.int64([1])], { shape: [rows, 1], type: "int64" });
  const isUnknown = record.node("Greater", [any, record.int64([0])], { shape: [rows, 1], type: "bool" });
  return { value, isUnknown };
}

function encodeIds(record: Recorder, ids: Value, input: ModelInput, scaling: FittedScaling): Value {
  const value = record.node("Max", [ids, record.int64([paddingId])], ids);
  return input.placement ? placed(record, value, input) : counted(record, value, input, scaling);
}

/** Texts as ids; -1 for a category that the model does not know. */
function idsOf(record: Recorder, raw: Value, { categories }: ModelInput, scaling: FittedScaling): Value {
  const isVocabulary = scaling.method === "VOCABULARY";
  const texts = isVocabulary ? scaling.vocabulary : categories;
  const first = isVocabulary ? firstTokenId : 1;
  const [ids] = record.nodes(
    "LabelEncoder",
    [raw],
    [{ shape: raw.shape, type: "int64" }],
    {
      keys_strings: [paddingText, ...texts],
      values_int64s: [paddingId, ...texts.map((_, index) => first + index)],
      default_int64: isVocabulary ? unknownId : -1,
    },
    "ai.onnx.ml",
  ) as [Value];
  return ids;
}

function placed(record: Recorder, ids: Value, { preprocessing, categories, width }: ModelInput): Value {
  if (preprocessing !== "ONE_HOT") return cast(record, ids, "float32");
  const length = ids.shape[1] as number;
  const column = record.node("Reshape", [ids, record.int64([-1, length, 1])], {
    shape: [rows, length, 1],
    type: "int64",
  });
  const all = record.int64(categories.map((_, index) => index + 1));
  const equal = record.node("Equal", [column, all], { shape: [rows, length, categories.length], type: "bool" });
  return record.node("Reshape", [cast(record, equal, "float32"), record.int64([-1, width])], {
    shape: [rows, width],
    type: "float32",
  });
}

/** How many elements of a row have each id: [batch, ids without padding]. */
function counted(record: Recorder, ids: Value, input: ModelInput, scaling: FittedScaling): Value {
  const { width, preprocessing } = input;
  const all = idCount(input);
  const batch = record.node("Shape", [ids], { shape: [1], type: "int64" }, { start: 0, end: 1 });
  const size = record.node("Concat", [batch, record.int64([all])], { shape: [2], type: "int64" }, { axis: 0 });
  const zeros = record.node("Expand", [record.scalar(0), size], { shape: [rows, all], type: "float32" });
  const sizes = record.node("Shape", [ids], { shape: [2], type: "int64" });
  const ones = record.node("Expand", [record.scalar(1), sizes], { shape: ids.shape, type: "float32" });
  const attributes = { axis: 1, reduction: "add" };
  const withPadding = record.node("ScatterElements", [zeros, ids, ones], zeros, attributes);
  const counts = record.node("Slice", [withPadding, record.int64([1]), record.int64([all]), record.int64([1])], {
    shape: [rows, width],
    type: "float32",
  });
  if (preprocessing === "MULTI_HOT") return record.node("Min", [counts, record.scalar(1)], counts);
  if (preprocessing !== "TF_IDF" || !("inverseDocumentFrequency" in scaling)) return counts;
  const weights = new Float64Array(width);
  weights.set(scaling.inverseDocumentFrequency ?? []);
  const exact = { shape: [rows, width], type: "float64" as const };
  const wide = cast(record, counts, "float64");
  return cast(record, record.node("Mul", [wide, record.constant(weights, [width], "float64")], exact), "float32");
}

/** Padding, which is NaN, becomes 0 after scaling. */
function scaledElements(record: Recorder, raw: Value, input: ModelInput, scaling: FittedScaling): Value {
  const width = input.shape[0] ?? 1;
  const { center, scale, unit } = affine(scaling, width);
  const numbers = (values: readonly number[]) => record.constant(Float64Array.from(values), [values.length], "float64");
  const exact = { shape: raw.shape, type: "float64" as const };
  let value = cast(record, raw, "float64");
  if (unit !== 1) value = record.node("Div", [value, numbers([unit])], exact);
  value = record.node("Sub", [value, numbers(center)], exact);
  value = cast(record, record.node("Div", [value, numbers(scale)], exact), "float32");
  const isPadding = record.node("IsNaN", [raw], { shape: raw.shape, type: "bool" });
  return record.node("Where", [isPadding, record.scalar(0), value], value);
}

import { type ClassRule, classRule, trueAbove } from "../../../features/predictions.js";
import { type FittedPreprocessing, type FittedScaling, fittedOf } from "../../../features/preprocessing.js";
import type { TargetType } from "../../../language/datasets/feature-types.js";
import type { ModelSpec, ModelTarget } from "../../../language/models/model.js";
import { middleQuantile } from "../../../language/models/target.js";
import type { Program, Value } from "../program/model.js";
import { Recorder } from "../program/recorder.js";
import { cast } from "./raw-values.js";

/** What an exported model answers. */
export const answerNames = ["probabilities", "label", "labels", "value", "quantiles"] as const;
export type Answer = (typeof answerNames)[number];

/** Stands for any number of rows: files have the name of the batch there. */
const rows = 1;

/**
 * From the network's `predictions` [batch, width] to answers in the target's own terms, as `toPredictions` gives them:
 * `probabilities` and `label` for a target with classes, `probabilities` and `labels` for one with labels, else `value` in float64; with `quantiles` where there are some.
 * @param unknown whether there is an input `unknown` [batch, 1]: rows that get no answer.
 */
export function answers(
  model: ModelSpec,
  fitted: FittedPreprocessing,
  unknown: boolean,
  nameOf: (answer: Answer) => string,
): Program {
  const record = new Recorder("answers");
  const { width } = model.target;
  const given = record.input("predictions", [rows, width], "float32");
  const rowIsUnknown = unknown ? [record.input("unknown", [rows, 1], "bool")] : [];
  const predictions = rowIsUnknown.reduce<Value>(
    (value, isUnknown) => record.node("Where", [isUnknown, record.scalar(Number.NaN), value], value),
    given,
  );
  const scaling = fittedOf(fitted.target, model.target.feature);
  const answered = answerForms[model.target.type](record, predictions, model.target, scaling, classRule(model, fitted));
  for (const [answer, value] of Object.entries(answered)) record.output(nameOf(answer as Answer), value);
  return record.program;
}

/** From a network's predictions to the answers of one type of target. */
type AnswerForm = (
  record: Recorder,
  predictions: Value,
  target: ModelTarget,
  scaling: FittedScaling,
  rule: ClassRule | undefined,
) => Partial<Record<Answer, Value>>;

const numbers: AnswerForm = (record, predictions, { quantiles }, scaling) => {
  const decoded = inOwnUnit(record, predictions, scaling);
  if (!quantiles) return { value: decoded };
  const sorted = sortedRows(record, decoded, quantiles.length);
  const middle = record.int64([middleQuantile(quantiles)]);
  const value = record.node("Gather", [sorted, middle], { shape: [rows, 1], type: "float64" }, { axis: 1 });
  return { value, quantiles: sorted };
};

/** Quantiles must not cross; see `decodeOutputs`. */
function sortedRows(record: Recorder, values: Value, width: number): Value {
  const codes = { shape: values.shape, type: "int64" as const };
  const [sorted] = record.nodes("TopK", [values, record.int64([width])], [values, codes], {
    ...{ axis: 1, largest: 0, sorted: 1 },
  });
  return sorted as Value;
}

/** The answers for each type that can be predicted. */
const answerForms: Record<TargetType, AnswerForm> = {
  NUMBER: numbers,
  VECTOR: numbers,
  CATEGORY: (record, predictions, { categories }, _scaling, rule) => ({
    probabilities: predictions,
    label: category(record, predictions, categories, rule),
  }),
  LABELS: (record, predictions) => ({
    probabilities: predictions,
    labels: record.node("Greater", [predictions, record.scalar(trueAbove)], { shape: predictions.shape, type: "bool" }),
  }),
  BINARY(record, predictions, _target, _scaling, rule) {
    const complement = record.node("Sub", [record.scalar(1), predictions], predictions);
    const both = { shape: [rows, 2], type: "float32" as const };
    const probabilities = record.node("Concat", [complement, predictions], both, { axis: 1 });
    const result = { shape: [rows, 1], type: "bool" as const };
    const isTrue = record.node("Greater", [predictions, record.scalar(rule?.threshold ?? trueAbove)], result);
    const label = record.node("Reshape", [isTrue, record.int64([-1])], { shape: [rows], type: "bool" });
    return { probabilities, label };
  },
};

/** The category by the rule, else the most probable one, the first of equals; the empty text where a probability is no finite number. */
function category(
  record: Recorder,
  probabilities: Value,
  categories: readonly string[],
  rule: ClassRule | undefined,
): Value {
  const perRow = { shape: [rows], type: "int64" as const };
  const best = rule
    ? byThreshold(record, probabilities, rule)
    : record.node("ArgMax", [probabilities], perRow, { axis: 1, keepdims: 0 });
  // Zero, unless there is a NaN or an infinity among them.
  const difference = record.node("Sub", [probabilities, probabilities], probabilities);
  const sum = record.node(
    "ReduceSum",
    [difference, record.int64([1])],
    { shape: [rows], type: "float32" },
    { keepdims: 0 },
  );
  const isInvalid = record.node("IsNaN", [sum], { shape: [rows], type: "bool" });
  const index = record.node("Where", [isInvalid, record.int64([-1]), best], perRow);
  return record.nodes(
    "LabelEncoder",
    [index],
    [{ shape: [rows], type: "string" }],
    { keys_int64s: categories.map((_, code) => code), values_strings: [...categories], default_string: "" },
    "ai.onnx.ml",
  )[0] as Value;
}

/** The code of one of two categories, as `classOf` tells it. */
function byThreshold(record: Recorder, probabilities: Value, { positive, threshold }: ClassRule): Value {
  const column = { shape: [rows, 1], type: "float32" as const };
  const own = record.node("Gather", [probabilities, record.int64([positive])], column, { axis: 1 });
  const isAbove = record.node("Greater", [own, record.scalar(threshold)], { shape: [rows, 1], type: "bool" });
  const isPositive = record.node("Reshape", [isAbove, record.int64([-1])], { shape: [rows], type: "bool" });
  const result = { shape: [rows], type: "int64" as const };
  return record.node("Where", [isPositive, record.int64([positive]), record.int64([1 - positive])], result);
}

function inOwnUnit(record: Recorder, predictions: Value, scaling: FittedScaling): Value {
  const result = { shape: predictions.shape, type: "float64" as const };
  const value = cast(record, predictions, "float64");
  if (scaling.method !== "Z_SCORE") return value;
  const numbers = (values: readonly number[]) => record.constant(Float64Array.from(values), [values.length], "float64");
  const wide = record.node("Mul", [value, numbers(scaling.standardDeviation)], result);
  return record.node("Add", [wide, numbers(scaling.mean)], result);
}

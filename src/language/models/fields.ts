import { type TargetType, targetTypes } from "../datasets/feature-types.js";
import { declarationFields } from "../fields/declaration.js";
import { type Fields, struct, type Union } from "../fields/field.js";
import { limits } from "../fields/limits.js";
import { described, number, reference } from "../fields/scalars.js";
import { count, listed } from "../fields/wording.js";
import type { LayerDeclaration } from "../layers/layer.js";
import { layerUnion } from "../layers/layers.js";
import { type LossDeclaration, lossStruct } from "../losses/losses.js";
import { type MetricType, metricChoices } from "../metrics/metric-types.js";
import { type PreprocessingDeclaration, preprocessingStruct } from "../preprocessing/preprocessing.js";
import { type Calibration, calibrations, type ThresholdDeclaration, thresholdUnion } from "./decision.js";
import { type ClassWeightsDeclaration, classWeightings, invalidRowPolicies } from "./model.js";
import { defaultMethodWords } from "./preprocessing-fits.js";
import { targetRules } from "./target.js";

/** `for BINARY ACCURACY and AUC; for CATEGORY ACCURACY`: what follows from each type of target. */
function byTarget(of: (target: TargetType) => readonly string[]): string {
  const types = new Map<string, TargetType[]>();
  for (const target of targetTypes) {
    const words = listed(of(target));
    types.set(words, [...(types.get(words) ?? []), target]);
  }
  return [...types].map(([words, targets]) => `for ${listed(targets)} ${words}`).join("; ");
}

const categoryWeight = struct("CategoryWeightInput", "The weight of one class.", {
  category: reference("CATEGORY", { doc: "A category of the target; `false` or `true` of a BINARY one." }),
  weight: number({ above: 0, doc: "What a training row of this class counts in the loss." }),
});

const classWeightsUnion = {
  name: "ClassWeightsInput",
  doc: "What the classes count in the loss: exactly one of these.",
  alternatives: {
    method: {
      field: described({ type: "CHOICE", choices: classWeightings }, { doc: "By the training rows." }),
      as: "method",
    },
    weights: {
      field: described(
        { type: "LIST", of: { type: "OBJECT", struct: () => categoryWeight } },
        { doc: "As given; a class that is left out counts 1." },
      ),
      as: "weights",
    },
  },
} satisfies Union;

const modelFields = {
  ...declarationFields,
  dataset: reference("DATASET", { doc: "Name of the dataset it learns from." }),
  target: reference("FEATURE", { doc: `The feature it predicts: ${listed(targetTypes, "or")}.` }),
  inputs: described<string[], { doc: string; otherwise: string }>(
    { type: "LIST", of: { type: "REFERENCE", to: "FEATURE" }, min: 1, max: limits.features },
    {
      doc: `The features it predicts from, in order; at most ${count(limits.features)}.`,
      otherwise: "all but the target, the rows' weight and the split's column",
    },
  ),
  inputsExcept: described<string[], { doc: string; otherwise: string }>(
    { type: "LIST", of: { type: "REFERENCE", to: "FEATURE" }, max: limits.features },
    { doc: "Instead of `inputs`: features that it does not predict from; all others are inputs.", otherwise: "none" },
  ),
  preprocessing: described<PreprocessingDeclaration[], { doc: string; otherwise: string }>(
    { type: "LIST", of: { type: "OBJECT", struct: () => preprocessingStruct }, max: limits.features },
    { doc: "Methods and options for single inputs.", otherwise: defaultMethodWords() },
  ),
  layers: described<LayerDeclaration[]>(
    { type: "LIST", of: { type: "ONE_OF", union: () => layerUnion }, max: limits.layers },
    {
      doc: `Hidden layers, at most ${count(limits.layers)}; none makes a linear model. The output layer, named \`output\`, follows from the target and is not listed.`,
    },
  ),
  loss: described<LossDeclaration, { doc: string; otherwise: string }>(
    { type: "OBJECT", struct: () => lossStruct },
    {
      doc: "What training minimizes.",
      otherwise: byTarget((target) => targetRules[target].losses.slice(0, 1)),
    },
  ),
  metrics: described<MetricType[], { doc: string; otherwise: string }>(
    { type: "LIST", of: { type: "CHOICE", choices: metricChoices } },
    {
      doc: "What is measured beside the loss; may be empty.",
      otherwise: "those that are measured for the target by default",
    },
  ),
  classWeights: described<ClassWeightsDeclaration, { doc: string; otherwise: string }>(
    { type: "ONE_OF", union: () => classWeightsUnion },
    {
      doc: "For CATEGORY and BINARY targets: what each class counts in the training loss. A row counts its class weight times its own.",
      otherwise: "all 1",
    },
  ),
  positiveCategory: reference("CATEGORY", {
    doc: "Of a CATEGORY target with two categories: the one that PRECISION, RECALL, F1_SCORE, AUC_PR and BRIER_SCORE are about. Where none is declared, PRECISION, RECALL and F1_SCORE are means over both.",
    otherwise: "the second",
  }),
  threshold: described<ThresholdDeclaration, { doc: string; otherwise: string }>(
    { type: "ONE_OF", union: () => thresholdUnion },
    {
      doc: "Of a BINARY or two-class CATEGORY target: the probability above which the positive class is predicted.",
      otherwise: "0.5; of a CATEGORY the most probable category",
    },
  ),
  calibration: described<Calibration, { doc: string; otherwise: string }>(
    { type: "CHOICE", choices: calibrations },
    { doc: "Of a CATEGORY or BINARY target: how its probabilities are calibrated.", otherwise: "not" },
  ),
  sampleWeight: reference("FEATURE", {
    doc: "A NUMBER feature with what each row counts in the loss, at least 0, in training and in every evaluation; then no input. Metrics leave it out.",
    otherwise: "every row counts 1",
  }),
  invalidRows: described(
    { type: "CHOICE", choices: invalidRowPolicies },
    { doc: "What a run does about rows that this model cannot use.", default: "REFUSE" },
  ),
} satisfies Fields;

export const modelStruct = struct(
  "DeclareModelInput",
  "Declares a model. The smallest is a name, a dataset, a target and hidden layers: the rest follows from the features.",
  modelFields,
);

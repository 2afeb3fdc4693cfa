import {
  GraphQLEnumType,
  GraphQLInputObjectType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
} from "graphql";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import { parameterKinds } from "../../src/language/layers/parameter.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { valuesOf } from "./variants.js";

/** A declaration and what it was resolved beside, as arguments of its resolver. */
export interface Case {
  kind: Kind;
  args: unknown[];
}
export const kinds = ["dataset", "model", "optimizer", "training", "retraining"] as const;
export type Kind = (typeof kinds)[number];

type Declaration = Record<string, unknown>;

/** A dataset with a feature of every type, in the shapes that every layer and preprocessing can start from. */
const everyType: Declaration = {
  name: "every_type",
  features: [
    { name: "number", type: "NUMBER" },
    { name: "other_number", type: "NUMBER", description: "Used as a weight too." },
    { name: "flag", type: "BINARY" },
    { name: "color", type: "CATEGORY", categories: ["red", "green", "blue"] },
    { name: "letter", type: "CATEGORY", categories: ["a", "b", "c", "d", "e", "f", "g"] },
    { name: "pair", type: "CATEGORY", categories: ["no", "yes"] },
    { name: "vector", type: "VECTOR", shape: [6] },
    { name: "other_vector", type: "VECTOR", shape: [2] },
    { name: "image", type: "IMAGE", shape: [8, 8, 4] },
    { name: "file", type: "IMAGE", shape: [8, 8, 3], resize: "CROP" },
    { name: "text", type: "TEXT" },
    { name: "tokens", type: "SEQUENCE", categories: ["a", "b", "c"] },
    { name: "tags", type: "LABELS", categories: ["a", "b", "c"] },
    { name: "track", type: "SEQUENCE", shape: [2] },
    { name: "signal", type: "SEQUENCE" },
    { name: "moment", type: "TIMESTAMP" },
    { name: "hole", type: "NUMBER", nullable: true },
    { name: "empty", type: "TEXT", nullable: true },
  ],
};

/** Layers before the one in question, which make its input: a vector, a sequence, an image, ids. */
const beginnings: { inputs: string[]; layers: Declaration[]; preprocessing?: Declaration[] }[] = [
  { inputs: ["vector"], layers: [] },
  { inputs: ["image"], layers: [] },
  { inputs: ["vector"], layers: [{ reshape: { targetShape: [3, 2] } }] },
  { inputs: ["vector"], layers: [], preprocessing: [{ feature: "vector", method: "NONE" }] },
];
const endings: Declaration[][] = [[], [{ flatten: {} }]];

/** Options that need another one beside them. */
const pairs = {
  layers: [
    { residual: { layers: [{ dense: { units: 6 } }] } },
    { residual: { layers: [{ dense: { units: 2 } }] } },
    { parallel: { axis: -1, branches: [[{ dense: { units: 2 } }], []] } },
    ...["RANDOM_NORMAL", "TRUNCATED_NORMAL"].map((kernelInitializer) => ({
      dense: { units: 2, kernelInitializer, kernelInitializerOptions: { mean: 0.5, stddev: 0.25 } },
    })),
    { dense: { units: 2, kernelInitializer: "RANDOM_UNIFORM", kernelInitializerOptions: { minval: -1, maxval: 0.5 } } },
    { dense: { units: 2, biasInitializer: "CONSTANT", biasInitializerOptions: { value: 0.5 } } },
    { dense: { units: 2, kernelInitializer: "ORTHOGONAL", kernelInitializerOptions: { gain: 2 } } },
    ...["CONCATENATE", "ADD", "MULTIPLY", "MAXIMUM", "AVERAGE"].map((merge) => ({
      parallel: { merge, branches: [[{ dense: { units: 2 } }], [{ dense: { units: 2 } }]] },
    })),
    ...["CONCATENATE", "ADD", "MULTIPLY", "AVERAGE"].map((merge) => ({
      bidirectional: { mergeMode: merge, layer: { gru: { units: 2 } } },
    })),
  ],
  features: ["STRETCH", "CROP", "PAD"].map((resize) => ({ name: "x", type: "IMAGE", shape: [2, 2, 3], resize })),
  models: [
    { inputs: ["hole"], preprocessing: [{ feature: "hole", missing: "CONSTANT", missingValue: "2" }] },
    { inputsExcept: ["file", "image"] },
    { target: "pair", inputs: ["vector"], positiveCategory: "no" },
    { target: "pair", inputs: ["vector"], threshold: { value: 0.3 }, calibration: "TEMPERATURE" },
    { target: "flag", inputs: ["vector"], threshold: { method: "BEST_F1" } },
    { target: "flag", inputs: ["vector"], threshold: { recallAtPrecision: 0.9 } },
    { inputs: ["number"], preprocessing: [{ feature: "number", method: "QUANTILE", quantiles: 5 }] },
    { inputs: ["tags"], preprocessing: [{ feature: "tags", unseen: "IGNORE" }] },
    { inputs: ["number"], preprocessing: [{ feature: "number", method: "CLIPPED_Z_SCORE", clip: 2 }] },
  ],
  losses: [
    ["number", { type: "HUBER", delta: 2 }],
    ["number", { type: "PINBALL", quantiles: [0.25, 0.75] }],
    ["color", { type: "CATEGORICAL_FOCAL_CROSSENTROPY", alpha: 0.5, gamma: 1, labelSmoothing: 0.1 }],
    ["flag", { type: "BINARY_FOCAL_CROSSENTROPY", alpha: 0.5, gamma: 1, labelSmoothing: 0.1 }],
  ] as [string, Declaration][],
  schedules: [
    { cosineDecay: { initial: 0, decaySteps: 3, warmupTarget: 0.5, warmupSteps: 2 } },
    { piecewiseConstantDecay: { boundaries: [2, 4], values: [0.5, 0.25, 1] } },
  ],
  algorithms: [{ adafactor: { beta2Decay: -0.5 } }, { ftrl: { learningRatePower: -0.25 } }],
};

/**
 * Declarations that use every layer, algorithm, schedule, loss, metric, preprocessing and option that the schema has, one
 * at a time; some are wrong and have no digest.
 */
export function systematicCases(schema: GraphQLSchema): Case[] {
  const dataset = resolveDataset(everyType as never).spec;
  const values = (type: string) => {
    const input = schema.getType(type);
    if (!(input instanceof GraphQLInputObjectType)) throw new Error(`the schema has no input ${type}`);
    return valuesOf(schema, input) as Declaration[];
  };
  const model = (parts: Declaration): Case => ({
    kind: "model",
    args: [{ name: "m", dataset: "every_type", target: "color", layers: [], ...parts }, dataset],
  });
  const targets = ["color", "letter", "pair", "flag", "number", "other_vector", "tags"];
  const optionsOf = (type: string, without: string[], base: Declaration) =>
    values(type).map((option) => {
      const kept = Object.entries(option).filter(([name]) => !without.includes(name));
      return { ...Object.fromEntries(kept), ...base };
    });

  const plain = resolveModel({ name: "m", dataset: "every_type", target: "color", layers: [] }, dataset as never).spec;
  const names = ["name", "model", "optimizer", "idempotencyKey"];
  return [
    { kind: "dataset", args: [everyType] },
    ...[...values("FeatureInput"), ...pairs.features].map((feature): Case => {
      const features = [
        { ...feature, name: "x" },
        { name: "y", type: "NUMBER" },
      ];
      return { kind: "dataset", args: [{ name: "d", features }] };
    }),
    ...[
      ...[{ key: "color" }, { keys: ["color", "number"] }, { stratifyBy: "color" }, { time: { feature: "number" } }],
      ...[{ time: { feature: "moment", validationFrom: "2026-01-01", testFrom: "2026-02-01" } }],
    ].map((split): Case => ({ kind: "dataset", args: [{ ...everyType, split }] })),
    { kind: "dataset", args: [{ ...everyType, split: { column: "text" } }] },
    ...values("SplitInput").map((split): Case => ({ kind: "dataset", args: [{ ...everyType, split }] })),
    ...[...values("LayerInput"), ...pairs.layers].flatMap((layer) =>
      beginnings.flatMap(({ layers, ...start }) =>
        endings.map((end) => model({ ...start, layers: [...layers, layer, ...end] })),
      ),
    ),
    ...values("LossInput").flatMap((loss) => targets.map((target) => model({ target, inputs: ["vector"], loss }))),
    ...pairs.losses.map(([target, loss]) => model({ target, inputs: ["vector"], loss })),
    ...["MEAN_PINBALL_LOSS", "INTERVAL_COVERAGE"].map((metric) =>
      model({ target: "number", inputs: ["vector"], loss: { type: "PINBALL" }, metrics: [metric] }),
    ),
    ...metricsOf(schema).flatMap((metric) =>
      targets.map((target) => model({ target, inputs: ["vector"], metrics: [metric] })),
    ),
    ...values("ClassWeightsInput").map((classWeights) => model({ classWeights, inputs: ["vector"] })),
    model({ classWeights: { weights: [{ category: "red", weight: 2 }] }, inputs: ["vector"] }),
    ...values("PreprocessingInput").flatMap((preprocessing) =>
      (everyType.features as { name: string }[]).flatMap(({ name }) =>
        [[], [{ flatten: {} }]].map((layers) =>
          model({
            ...{ inputs: [name], layers, preprocessing: [{ ...preprocessing, feature: name }] },
            target: name === "color" ? "number" : "color",
          }),
        ),
      ),
    ),
    ...[
      { method: "CLIPPED_Z_SCORE", clip: 3 },
      { method: "QUANTILE", quantiles: 100 },
    ].map((option) => model({ inputs: ["number"], preprocessing: [{ feature: "number", ...option }] })),
    ...optionsOf("DeclareModelInput", ["layers", "loss", "metrics", "preprocessing"], {}).map((option) =>
      model({ ...option, dataset: "every_type", target: "color", inputs: ["vector"], layers: [] }),
    ),
    model({ inputs: ["vector"], sampleWeight: "other_number" }),
    ...pairs.models.map(model),
    ...[...values("AlgorithmInput"), ...pairs.algorithms].map(
      (algorithm): Case => ({ kind: "optimizer", args: [{ name: "o", algorithm }] }),
    ),
    ...[...values("LearningRateInput"), ...pairs.schedules].map((learningRate): Case => {
      return { kind: "optimizer", args: [{ name: "o", algorithm: { sgd: {} }, learningRate }] };
    }),
    {
      kind: "optimizer",
      args: [{ name: "o", algorithm: { adam: {} }, weightDecay: 0.1, weightDecayExclude: [...parameterKinds] }],
    },
    ...["adam", "sgd", "adamw"].flatMap((algorithm) =>
      optionsOf("DeclareOptimizerInput", names, { name: "o", algorithm: { [algorithm]: {} } }).map(
        (option): Case => ({ kind: "optimizer", args: [option] }),
      ),
    ),
    ...optionsOf("TrainInput", names, {}).map((option): Case => {
      return { kind: "training", args: [{ ...option, epochs: 3 }, plain, { train: 90, validation: 9, test: 1 }] };
    }),
    ...["EarlyStoppingInput", "CheckpointInput"].flatMap((type) =>
      values(type).map((option): Case => {
        const field = type === "CheckpointInput" ? "checkpoint" : "earlyStopping";
        const monitored = type === "CheckpointInput" ? option : { ...option, monitor: "val_accuracy" };
        return {
          kind: "training",
          args: [{ epochs: 3, [field]: monitored }, plain, { train: 90, validation: 9, test: 1 }],
        };
      }),
    ),
    {
      kind: "retraining",
      args: [
        {
          ...{ name: "r", model: "m", optimizer: "o", when: { newRows: 3 } },
          train: { fineTune: { from: "champion", epochs: 2, batchSize: 4, seed: 5, replay: { fraction: 0.25 } } },
          promote: { alias: "champion", metric: "accuracy", mustNotDropBy: 0.1 },
        },
        plain,
        { optimizer: true, split: { test: 0.1 } },
      ],
    },
    ...optionsOf("DeclareRetrainingInput", names, { name: "r", model: "m", optimizer: "o" }).map((option): Case => {
      const { promote, train, ...rest } = option as { promote: Declaration; train: { fineTune: Declaration } };
      const declared = {
        ...rest,
        promote: { ...promote, alias: "champion", metric: "accuracy" },
        train: { fineTune: { ...train.fineTune, from: "champion" } },
      };
      return { kind: "retraining", args: [declared, plain, { optimizer: true, split: { test: 0.1 } }] };
    }),
  ];
}

/** Inputs that declare; others are requests. */
const declaring = ["DeclareDatasetInput", "DeclareModelInput", "DeclareOptimizerInput", "DeclareRetrainingInput"];

/** Every field that can be declared and every choice that it takes, below the inputs that declare. */
export function declarableNames(schema: GraphQLSchema): string[] {
  const names = new Set<string>();
  const seen = new Set<GraphQLNamedType>();
  const visit = (type: GraphQLNamedType | undefined) => {
    if (!type || seen.has(type)) return;
    seen.add(type);
    if (type instanceof GraphQLEnumType) for (const { name } of type.getValues()) names.add(name);
    if (!(type instanceof GraphQLInputObjectType)) return;
    for (const field of Object.values(type.getFields())) {
      names.add(field.name);
      visit(getNamedType(field.type));
    }
  };
  for (const name of [...declaring, "EarlyStoppingInput", "CheckpointInput"]) visit(schema.getType(name));
  names.delete("idempotencyKey");
  return [...names];
}

function metricsOf(schema: GraphQLSchema): string[] {
  const type = schema.getType("MetricType");
  return type && "getValues" in type ? type.getValues().map(({ name }) => name) : [];
}

import {
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isRequiredInputField,
} from "graphql";
import type { EntityManager } from "typeorm";
import { createSchema } from "../../src/graphql/schema.js";
import { resolveOptimizer } from "../../src/language/algorithms/resolve-optimizer.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import { canonicalJson } from "../../src/language/fields/canonical.js";
import type { Problem, Resolution } from "../../src/language/fields/problem.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { resolveRetraining } from "../../src/language/retraining/resolve-retraining.js";
import { resolveTraining } from "../../src/language/training/resolve-training.js";
import { resolveQueueing } from "../../src/runs/queueing.js";
import { resolved } from "../language/declarations.js";

// biome-ignore lint/suspicious/noExplicitAny: declarations are built field by field from the schema.
type Value = any;
type Resolve = (declaration: Value) => Promise<Resolution<unknown>>;

const dataset = resolved(
  resolveDataset({
    name: "d",
    features: [
      { name: "x", type: "NUMBER" },
      { name: "y", type: "NUMBER" },
      { name: "kind", type: "CATEGORY", categories: ["a", "b", "c"] },
      { name: "flag", type: "BINARY" },
      { name: "pair", type: "CATEGORY", categories: ["no", "yes"] },
      { name: "note", type: "TEXT" },
      { name: "photo", type: "IMAGE", shape: [8, 8, 4] },
      { name: "route", type: "SEQUENCE", shape: [32] },
      { name: "code", type: "NUMBER" },
      { name: "shares", type: "VECTOR", shape: [2] },
      { name: "gap", type: "NUMBER", nullable: true },
    ],
  }),
);
const model = { name: "m", dataset: "d", target: "y", inputs: ["x"], layers: [] };
const irisModel = resolved(resolveModel(model, dataset));
const counts = { train: 1_000, validation: 100, test: 100 };
const isModel: Resolve = async (declaration) => resolveModel(declaration, dataset);
const noDatabase = undefined as unknown as EntityManager;

/** A kind of declaration: a valid one, and what resolves it. */
const roots: Record<string, { base: Value; resolve: Resolve }> = {
  DeclareDatasetInput: {
    base: {
      name: "d",
      features: [
        { name: "a", type: "NUMBER" },
        { name: "b", type: "NUMBER" },
      ],
    },
    // The features that a field is tried in are one alone, and a dataset needs two.
    resolve: async (declaration) =>
      resolveDataset({ ...declaration, features: [...declaration.features, { name: "last", type: "NUMBER" }] }),
  },
  DeclareModelInput: { base: model, resolve: isModel },
  DeclareOptimizerInput: {
    base: { name: "o", algorithm: { sgd: {} } },
    resolve: async (declaration) => resolveOptimizer(declaration),
  },
  DeclareRetrainingInput: {
    base: {
      ...{ name: "p", model: "m", optimizer: "o", when: { newRows: 1 }, promote: { alias: "c", metric: "loss" } },
      train: { fineTune: { from: "c", epochs: 1 } },
    },
    resolve: async (declaration) => resolveRetraining(declaration, irisModel, { optimizer: true }),
  },
  TrainInput: {
    base: { model: "m", optimizer: "o", epochs: 1 },
    async resolve(declaration) {
      const training = resolveTraining(declaration, irisModel, counts);
      const queueing = await resolveQueueing(noDatabase, declaration);
      if (training.spec && queueing.spec) return { spec: { ...training.spec, ...queueing.spec } };
      return { problems: [...(training.problems ?? []), ...(queueing.problems ?? [])] };
    },
  },
};

/** Inputs of a model, of which one suits each layer. */
const settings: Value[] = [
  {},
  { inputs: ["photo"] },
  { inputs: ["route"], preprocessing: [{ feature: "route", maxLength: 8 }] },
  { inputs: ["code"], preprocessing: [{ feature: "code", method: "NONE" }] },
];

/** A field of an input, and how a declaration says something in it. */
export interface Site {
  /** `DenseInput.units`. */
  name: string;
  field: GraphQLInputField;
  /** The type of its values; of a list, of the entries. */
  type: string;
  optional: boolean;
  /** Problems at the very field when it is `value`; without a value, of the declaration without it. */
  problems(value: unknown): Promise<Problem[]>;
  /** The canonical spec of a declaration with that value, or without the field; undefined where it is refused. */
  spec(value?: unknown): Promise<string | undefined>;
}

interface Place {
  root: string;
  path: (string | number)[];
  /** What the declaration holds at `path` and above it, in the innermost object's own words. */
  build(inner: Value): Value;
}

/** What a field needs beside itself: other fields of its object, of the object around it, or of the whole declaration. */
const needs: Record<string, { own?: Value; parent?: Value; root?: Value }> = {
  "InitializerOptionsInput.value": { parent: { kernelInitializer: "CONSTANT" } },
  "InitializerOptionsInput.gain": { parent: { kernelInitializer: "ORTHOGONAL" } },
  "InitializerOptionsInput.minval": { parent: { kernelInitializer: "RANDOM_UNIFORM" } },
  "InitializerOptionsInput.maxval": { parent: { kernelInitializer: "RANDOM_UNIFORM" } },
  "InitializerOptionsInput.mean": { parent: { kernelInitializer: "RANDOM_NORMAL" } },
  "InitializerOptionsInput.stddev": { parent: { kernelInitializer: "TRUNCATED_NORMAL" } },
  "LossInput.quantiles": { own: { type: "PINBALL" } },
  "LossInput.delta": { own: { type: "HUBER" } },
  "LossInput.labelSmoothing": { own: { type: "BINARY_CROSSENTROPY" }, root: { target: "flag" } },
  "LossInput.gamma": { own: { type: "BINARY_FOCAL_CROSSENTROPY" }, root: { target: "flag" } },
  "LossInput.alpha": { own: { type: "CATEGORICAL_FOCAL_CROSSENTROPY" }, root: { target: "kind" } },
  "LossInput.beta": { own: { type: "TVERSKY" }, root: { target: "kind" } },
  "DeclareModelInput.calibration": { root: { target: "flag" } },
  "ThresholdInput.value": { root: { target: "flag" } },
  "ThresholdInput.method": { root: { target: "flag" } },
  "ThresholdInput.recallAtPrecision": { root: { target: "flag" } },
  "DeclareModelInput.positiveCategory": { root: { target: "pair" } },
  "CategoryWeightInput.weight": { own: { category: "a" }, root: { target: "kind" } },
  "PreprocessingInput.dimensions": { own: { feature: "kind", method: "EMBEDDING" }, root: { inputs: ["kind"] } },
  "PreprocessingInput.maxTokens": { own: { feature: "note" }, root: { inputs: ["note"] } },
  "PreprocessingInput.hashBins": { own: { feature: "note" }, root: { inputs: ["note"] } },
  "PreprocessingInput.maxLength": { own: { feature: "note" }, root: { inputs: ["note"] } },
  "PreprocessingInput.missing": { own: { feature: "gap" }, root: { inputs: ["gap"] } },
  "PreprocessingInput.clip": { own: { method: "CLIPPED_Z_SCORE" }, root: { inputs: ["x"] } },
  "PreprocessingInput.quantiles": { own: { method: "QUANTILE" }, root: { inputs: ["x"] } },
  "PreprocessingInput.standardize": { own: { feature: "note" }, root: { inputs: ["note"] } },
  "PreprocessingInput.split": { own: { feature: "note" }, root: { inputs: ["note"] } },
  "PreprocessingInput.padding": { own: { feature: "note" }, root: { inputs: ["note"] } },
  "PreprocessingInput.truncating": { own: { feature: "note" }, root: { inputs: ["note"] } },
  "CosineDecayInput.warmupTarget": { own: { warmupSteps: 5 } },
  "CosineDecayInput.warmupSteps": { own: { warmupTarget: 0.5 } },
  "FeatureInput.shape": { own: { type: "VECTOR" } },
  "SgdInput.nesterov": { own: { momentum: 0.5 } },
};

/** Values of required fields that no number, text or first value of an enumeration will do for. */
const samples: Record<string, Value> = {
  "ReshapeInput.targetShape": [-1],
  "PermuteInput.dims": [2, 1],
  "FeatureInput.name": "a",
  "FeatureInput.type": "NUMBER",
  "PreprocessingInput.feature": "x",
  "ResidualInput.layers": [{ activation: { function: "RELU" } }],
  "ParallelInput.branches": [[{ activation: { function: "RELU" } }], [{ activation: { function: "TANH" } }]],
  "BidirectionalInput.layer": { lstm: { units: 2 } },
  "PiecewiseConstantDecayInput.boundaries": [5],
  "PiecewiseConstantDecayInput.values": [1, 0.5],
  "CategoryWeightInput.category": "a",
  "RetrainingTriggerInput.newRows": 1,
  "FineTuneInput.from": "c",
  "PromotionInput.alias": "c",
  "PromotionInput.metric": "loss",
};

function sample(owner: string, field: GraphQLInputField): Value {
  const known = samples[`${owner}.${field.name}`];
  if (known !== undefined) return known;
  return sampleOf(field.type);
}

function sampleOf(type: GraphQLInputType): Value {
  const nullable = getNullableType(type);
  if (isListType(nullable)) return [sampleOf(nullable.ofType)];
  if (isEnumType(nullable)) return nullable.getValues()[0]?.value;
  if (isInputObjectType(nullable)) return requiredOf(nullable);
  return { Int: 2, Float: 0.5, Boolean: true }[String(nullable)] ?? "a";
}

function requiredOf(type: GraphQLInputObjectType): Value {
  const fields = Object.values(type.getFields()).filter(isRequiredInputField);
  return Object.fromEntries(fields.map((field) => [field.name, sample(type.name, field)]));
}

const isOneOf = (type: GraphQLInputObjectType) => type.isOneOf || type.extensions.isOneOf === true;

/** A value as deep in lists as the type wants it, and the path to it. */
function listed(type: GraphQLInputType, value: Value): { value: Value; path: number[] } {
  const nullable = getNullableType(type);
  if (!isListType(nullable)) return { value, path: [] };
  const inner = listed(nullable.ofType, value);
  return { value: [inner.value], path: [0, ...inner.path] };
}

const written = (path: readonly (string | number)[]): string =>
  path.reduce<string>((text, key) => (typeof key === "number" ? `${text}[${key}]` : text ? `${text}.${key}` : key), "");

/** A field where other fields of its object, and of the declaration, are as given. */
export function siteWith(name: string, own: Value, root: Value): Site {
  const site = describedSites({ ...needs, [name]: { own, root } }).find((candidate) => candidate.name === name);
  if (!site) throw new Error(`there is no ${name}`);
  return site;
}

/** Every field of every input of a declaration, each type once, at the first place that has it. */
export function describedSites(needed = needs): Site[] {
  const schema = createSchema();
  const sites: Site[] = [];
  const seen = new Set<string>();
  const queue: { type: GraphQLInputObjectType; place: Place; parentFields: (extra: Value) => Place }[] = [];
  for (const root of Object.keys(roots)) {
    const type = schema.getType(root) as GraphQLInputObjectType;
    const place: Place = { root, path: [], build: (inner) => ({ ...roots[root]?.base, ...inner }) };
    queue.push({ type, place, parentFields: () => place });
  }
  for (let entry = queue.shift(); entry; entry = queue.shift()) {
    const { type, place, parentFields } = entry;
    if (seen.has(type.name)) continue;
    seen.add(type.name);
    const own = place.path.length === 0 ? {} : isOneOf(type) ? {} : requiredOf(type);
    for (const field of Object.values(type.getFields())) {
      const named = getNamedType(field.type);
      if (isInputObjectType(named)) {
        // Those of kernels are the same, and take what a bias cannot have.
        if (field.name === "biasInitializerOptions") continue;
        const { path } = listed(field.type, undefined);
        const within = (outer: Place): Place => ({
          root: outer.root,
          path: [...outer.path, field.name, ...path],
          build: (inner) => outer.build({ ...own, [field.name]: listed(field.type, inner).value }),
        });
        const withExtras = (extra: Value): Place =>
          within({ ...place, build: (inner) => place.build({ ...inner, ...extra }) });
        queue.push({ type: named, place: within(place), parentFields: withExtras });
      } else sites.push(siteOf(type, field, own, place, parentFields, needed));
    }
  }
  return sites;
}

function siteOf(
  type: GraphQLInputObjectType,
  field: GraphQLInputField,
  own: Value,
  place: Place,
  parentFields: (extra: Value) => Place,
  needed: typeof needs,
): Site {
  const name = `${type.name}.${field.name}`;
  const need = needed[name] ?? {};
  const at = need.parent ? parentFields(need.parent) : place;
  const { resolve } = roots[place.root] as { resolve: Resolve };
  const declarations = (inner: Value): Value[] => {
    const declaration = at.build({ ...own, ...need.own, ...inner });
    if (place.root !== "DeclareModelInput") return [declaration];
    const flattened = [...declaration.layers, { flatten: {} }];
    return [declaration.layers, flattened].flatMap((layers) =>
      settings.map((setting) => ({ ...declaration, layers, ...setting, ...need.root })),
    );
  };
  const { path } = listed(field.type, undefined);
  return {
    ...{ name, field, type: String(getNamedType(field.type)), optional: !isRequiredInputField(field) },
    async problems(value) {
      const expected = written([...place.path, field.name, ...path]);
      const [first] = declarations({ [field.name]: listed(field.type, value).value });
      const { problems = [] } = await resolve(first);
      return problems.filter((problem) => problem.path === expected);
    },
    async spec(value) {
      const inner = value === undefined ? {} : { [field.name]: listed(field.type, value).value };
      for (const declaration of declarations(inner)) {
        const { spec } = await resolve(declaration);
        if (spec) return canonicalJson(spec);
      }
      return undefined;
    },
  };
}

import { algorithmUnion } from "../algorithms/algorithms.js";
import { optimizerStruct } from "../algorithms/optimizer.js";
import { featureTypeChoices, featureTypeFields, featureTypes } from "../datasets/feature-types.js";
import { datasetStruct } from "../datasets/fields.js";
import { choices } from "../fields/choices.js";
import type { Fields, Noun, Struct, Takes, Union } from "../fields/field.js";
import { layerUnion } from "../layers/layers.js";
import { lossChoices, lossFields } from "../losses/losses.js";
import { metricChoices } from "../metrics/metric-types.js";
import { modelStruct } from "../models/fields.js";
import { fits, optionsOf } from "../models/preprocessing-fits.js";
import { preprocessingMethods, preprocessings } from "../preprocessing/preprocessing.js";
import { retrainingStruct } from "../retraining/retraining.js";
import { triggerUnion } from "../retraining/triggers.js";
import { scheduleUnion } from "../schedules/schedules.js";
import { trainStruct } from "../training/training.js";

/** Kinds of what can be declared. */
export const declarableKinds = choices("DeclarableKind", "Kinds of what can be declared.", {
  LAYER: "Layers of a model.",
  ALGORITHM: "Update rules of an optimizer.",
  SCHEDULE: "Learning rates of an optimizer.",
  LOSS: "Loss functions of a model.",
  METRIC: "Metrics of a model.",
  FEATURE_TYPE: "Types of a dataset's features, with the fields that a feature of each takes.",
  PREPROCESSING: "Methods that make numbers of a feature, with the options that each may take.",
  DATASET: "What a dataset declares.",
  MODEL: "What a model declares.",
  OPTIMIZER: "What an optimizer declares.",
  TRAINING: "What `train` takes.",
  TRIGGER: "What may start a training by a retraining policy.",
  RETRAINING: "What a retraining policy declares.",
});
export type DeclarableKind = (typeof declarableKinds.all)[number];

/** What a field takes; see `Takes` in `fields/field.ts`. */
export const fieldTypes = choices("DeclarableFieldType", "What a field of a declaration takes.", {
  NUMBER: "A number within 32-bit floats.",
  INTEGER: "A whole number.",
  FLAG: "true or false.",
  TEXT: "A text.",
  NAME: "A name of what is declared here.",
  REFERENCE: "The name of something declared elsewhere.",
  CHOICE: "One of a closed set.",
  LIST: "A list.",
  OBJECT: "An object with fields of its own.",
  ONE_OF: "An object with exactly one of several keys.",
} satisfies Record<Takes["type"], string>);
export type FieldType = (typeof fieldTypes.all)[number];

/** What a name may refer to. */
export const referenceNouns = choices("ReferenceNoun", "What a name in a declaration may refer to.", {
  DATASET: "A declared dataset.",
  FEATURE: "A feature of the dataset.",
  CATEGORY: "A category of a feature.",
  MODEL: "A declared model.",
  OPTIMIZER: "A declared optimizer.",
  VERSION: "A version of a model: `name`, `name/3` or `name@alias`.",
  ALIAS: "An alias of a model.",
  METRIC: "A metric as its points are named, such as `val_loss`.",
  RUN: "A run, by its id.",
} satisfies Record<Noun, string>);
export type ReferenceNoun = (typeof referenceNouns.all)[number];

/** Something that can be declared, and the fields that it takes. */
export interface Declarable {
  /** As it is written in a declaration. */
  name: string;
  doc: string;
  fields: Fields;
}

const ofUnion = ({ alternatives }: Union): Declarable[] =>
  Object.entries(alternatives).map(([name, { input, field }]) =>
    input === undefined
      ? { name, doc: field.doc, fields: { [name]: field } }
      : { name, doc: input.doc, fields: input.fields },
  );

const ofStruct = (name: string, { doc, fields }: Struct): Declarable => ({ name, doc, fields });

/** All that can be declared, by kind: what the query `declarables` answers. */
export const catalogue: Readonly<Record<DeclarableKind, readonly Declarable[]>> = {
  LAYER: ofUnion(layerUnion),
  ALGORITHM: ofUnion(algorithmUnion),
  SCHEDULE: ofUnion(scheduleUnion),
  LOSS: lossChoices.all.map((name) => ({ name, doc: lossChoices.meanings[name], fields: lossFields[name] })),
  METRIC: metricChoices.all.map((name) => ({ name, doc: metricChoices.meanings[name], fields: {} })),
  FEATURE_TYPE: featureTypes.map((name) => ({
    name,
    doc: featureTypeChoices.meanings[name],
    fields: { ...featureTypeFields[name] },
  })),
  PREPROCESSING: preprocessings.map((name) => ({
    name,
    doc: `${preprocessingMethods.meanings[name]} Fits ${fits(name)}.`,
    fields: optionsOf(name),
  })),
  DATASET: [ofStruct("dataset", datasetStruct)],
  MODEL: [ofStruct("model", modelStruct)],
  OPTIMIZER: [ofStruct("optimizer", optimizerStruct)],
  TRAINING: [ofStruct("train", trainStruct)],
  TRIGGER: ofUnion(triggerUnion),
  RETRAINING: [ofStruct("retraining", retrainingStruct)],
};

const unionKinds: ReadonlyMap<string, DeclarableKind> = new Map<string, DeclarableKind>([
  [layerUnion.name, "LAYER"],
  [algorithmUnion.name, "ALGORITHM"],
  [scheduleUnion.name, "SCHEDULE"],
  [triggerUnion.name, "TRIGGER"],
]);

/** The kind under which the alternatives of a union are listed, if they are. */
export function kindOfUnion({ name }: Union): DeclarableKind | undefined {
  return unionKinds.get(name);
}

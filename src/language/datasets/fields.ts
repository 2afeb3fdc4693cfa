import { declarationFields, seed } from "../fields/declaration.js";
import { type DeclaredFields, type Fields, struct } from "../fields/field.js";
import { limits } from "../fields/limits.js";
import { choice, described, name, number, reference, text } from "../fields/scalars.js";
import { type DeclaredOptions, sharedFields } from "../fields/variants.js";
import { count, listed } from "../fields/wording.js";
import { nullable as nullableField } from "./feature-fields.js";
import { type FeatureTypeFields, featureTypeChoices, featureTypeFields, typesWith } from "./feature-types.js";

/** The fields of every feature. */
export const commonFields = {
  name: name("feature", "Unique in the dataset by its exact text."),
  type: choice(featureTypeChoices, { doc: "What its values are." }),
  description: declarationFields.description,
  nullable: nullableField,
};

export type FeatureDeclaration = DeclaredFields<typeof commonFields> & DeclaredOptions<FeatureTypeFields>;

const featureStruct = struct("FeatureInput", "One column of a dataset.", {
  ...commonFields,
  ...sharedFields(featureTypeFields),
});

const share = <const Rule extends { min?: number; above?: number }>(rule: Rule, doc: string, otherwise: string) =>
  number({ ...rule, max: 1, doc, otherwise });

/** By which instants rows are divided, or how the shares of each append follow its order in time. */
export const splitTimeFields = {
  feature: reference("FEATURE", {
    doc: `A ${listed(
      typesWith(({ timeOrder }) => timeOrder),
      "or",
    )} feature that tells when a row happened.`,
  }),
  validationFrom: text({
    ...{ min: 0, max: limits.timestampLength, default: "" },
    doc: "An instant: rows from then on, and before `testFrom`, are validation rows, and earlier ones training rows. Only for a TIMESTAMP.",
  }),
  testFrom: text({
    ...{ min: 0, max: limits.timestampLength, default: "" },
    doc: "An instant: rows from then on are test rows. Only for a TIMESTAMP.",
  }),
};
export type SplitTimeDeclaration = DeclaredFields<typeof splitTimeFields>;

const splitTimeStruct = struct(
  "SplitTimeInput",
  "Divides rows by time. Without instants, the oldest rows of each append train and the newest test, by the shares. A row without a value trains.",
  splitTimeFields,
);

/** The part that a row belongs to is decided by its value of `key`, or else by its ordinal, unless another rule is declared. */
export const splitFields = {
  train: share({ above: 0 }, "Share of the training rows.", "what the others leave, 0.8"),
  validation: share({ min: 0 }, "Share of rows measured after every epoch.", "0.1, or what is left"),
  test: share({ min: 0 }, "Share of rows kept for the final evaluation.", "0.1, or what is left"),
  key: reference("FEATURE", {
    doc: `A ${listed(
      typesWith(({ isSplitKey }) => isSplitKey),
      "or",
    )} feature whose value decides the part, so that equal values stay together.`,
    otherwise: "the row's ordinal decides",
  }),
  keys: described<string[], { doc: string; otherwise: string }>(
    { type: "LIST", of: { type: "REFERENCE", to: "FEATURE" }, min: 1, max: limits.splitKeys },
    { doc: "Instead of `key`: features whose values together decide the part.", otherwise: "`key` alone" },
  ),
  stratifyBy: reference("FEATURE", {
    doc: `A ${listed(
      typesWith(({ isSplitKey }) => isSplitKey),
      "or",
    )} feature, usually the target: the rows of each of its values have the declared shares, in the order in which they arrive.`,
    otherwise: "rows are not stratified",
  }),
  time: described<SplitTimeDeclaration, { doc: string; otherwise: string }>(
    { type: "OBJECT", struct: () => splitTimeStruct },
    { doc: "Divides the rows by time.", otherwise: "time plays no part" },
  ),
  column: reference("FEATURE", {
    doc: `A ${listed(
      typesWith(({ namesPart }) => namesPart),
      "or",
    )} feature whose value is the row's part: \`train\`, \`validation\` or \`test\`. Shares play no part then.`,
    otherwise: "no feature tells the part",
  }),
  seed: seed("Seed of the hash that divides the rows."),
};
export type SplitDeclaration = DeclaredFields<typeof splitFields>;

const splitStruct = struct(
  "SplitInput",
  "The shares of rows that train, validate and test, which sum to 1. Where `train` is given, what is left goes to whichever is missing, or half to each; otherwise `validation` and `test` are 0.1 unless given, and `train` is the rest.",
  splitFields,
);

const datasetFields = {
  ...declarationFields,
  features: described<FeatureDeclaration[]>(
    { type: "LIST", of: { type: "OBJECT", struct: () => featureStruct }, min: 2, max: limits.features },
    { doc: `Its columns, 2 to ${count(limits.features)}: inputs and at least one target.` },
  ),
  split: described<SplitDeclaration, { doc: string; otherwise: string }>(
    { type: "OBJECT", struct: () => splitStruct },
    { doc: "How rows are divided.", otherwise: "0.8, 0.1, 0.1" },
  ),
} satisfies Fields;

export const datasetStruct = struct(
  "DeclareDatasetInput",
  "Declares a dataset: its name, features and split. Once it has rows, only descriptions may still change, features become nullable, and nullable ones be added.",
  datasetFields,
);

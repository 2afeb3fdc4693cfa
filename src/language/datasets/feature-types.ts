import { choices } from "../fields/choices.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { count } from "../fields/wording.js";
import type { MissingMethod } from "../preprocessing/missing.js";
import { type Preprocessing, type Side, textDimensions, type Unseen } from "../preprocessing/preprocessing.js";
import { categories, type FeatureFields, resize, shape } from "./feature-fields.js";

/** What a feature holds beside its name and type, as far as its values depend on it. */
export interface FeatureForm {
  /** The categories of a CATEGORY or of a SEQUENCE of categories; otherwise empty. */
  categories: readonly string[];
  /** The lengths of a value's axes; for a SEQUENCE, of one element. */
  shape: readonly number[];
}

/** The operators by which values are compared: those of numbers, texts, booleans or instants. */
export type Comparison = "number" | "text" | "boolean" | "instant";

/** What the language knows about a feature type. What is computed with its values is its codec, in `features/types`. */
export interface FeatureTypeDescription {
  /** What a value is. */
  doc: string;
  /** The fields that a feature of this type takes beside name, type and description. */
  fields: FeatureFields;
  /** A rule across these fields. */
  rule?(at: Findings, feature: FeatureForm): void;
  /** The preprocessing methods that fit an input of this type; the first is the default. */
  methods(feature: FeatureForm): readonly [Preprocessing, ...Preprocessing[]];
  /** What may become of a missing value of an input of this type; the first is the default. */
  missing: readonly [MissingMethod, ...MissingMethod[]];
  /** Whether the value may decide which part of the split a row belongs to. */
  isSplitKey: boolean;
  /** Whether the value may order rows in time for a split: a number, or an instant with which declared borders compare. */
  timeOrder?: "NUMBER" | "INSTANT";
  /** Whether the value may name the row's part of the split. */
  namesPart?: true;
  /** How a filter of rows compares values; left out where it can only ask whether one is missing. */
  comparedAs?: Comparison;
  /** Whether the value may weigh its row in the loss. */
  isSampleWeight?: true;
  /**
   * For types whose categories may be left undeclared, so that the dataset keeps their list: what becomes of one that a model
   * does not know, where it is not refused.
   */
  opensCategories?: Exclude<Unseen, "REFUSE">;
  /** Whether a value may come as a file, which is decoded before it is checked. */
  takesFiles?: true;
  /** Whether a model whose only input this is keeps its shape. */
  keepsShape?: true;
  /** For values with any number of elements: what these are. */
  elements?: Elements;
  /**
   * Whether an embedding layer may read the values as they are, as ids: the number of ids that follows from the type, or
   * 0 where each row has to be checked. Left out where no values of this type are ids.
   */
  idCount?: number;
  /** What a model that predicts it does; left out where no model can. */
  target?: TargetDescription;
}

export interface TargetDescription {
  /** The output layer, where the loss asks for nothing else. */
  output: OutputForm;
  /** What a model chooses one of; left out where it predicts numbers or labels. */
  classes?: (feature: Pick<FeatureForm, "categories">) => readonly string[];
  /** Whether it chooses any number of its categories. */
  isMultiLabel?: true;
}

/** What the output layer does, and how the target is scaled for the loss. */
export interface OutputForm {
  activation: "LINEAR" | "SIGMOID" | "SOFTMAX" | "EXPONENTIAL";
  scaling: "Z_SCORE" | "NONE";
}

export interface Elements {
  /** TOKENS: words or characters that a text is taken apart into. ITEMS: the entries of a list. LABELS: those of a set. */
  are: "TOKENS" | "ITEMS" | "LABELS";
  /** Where elements beyond `maxLength` are cut off by default; left out where they have no order. */
  truncating?: Side;
  /** The default length of an embedding's vectors; left out where it follows from the number of categories. */
  dimensions?: number;
}

/** Where none are declared, the dataset keeps the list. */
const ofDataset = categories({
  doc: "Its values, in the order of their codes",
  otherwise: "any; the dataset lists them as they arrive",
});

const unusable = ["DROP_ROW", "REFUSE"] as const;
const filled = ["INDICATOR", "MEDIAN", "MEAN", "MOST_FREQUENT"] as const;

const regression: OutputForm = { activation: "LINEAR", scaling: "Z_SCORE" };
const scaled = ["Z_SCORE", "MIN_MAX", "NONE"] as const;
const clipped = ["Z_SCORE", "CLIPPED_Z_SCORE", "MIN_MAX", "NONE"] as const;
const ranked = ["Z_SCORE", "CLIPPED_Z_SCORE", "QUANTILE", "MIN_MAX", "NONE"] as const;

/**
 * Every feature type. Each also has a codec in `features/types` and a form in `engine/onnx/export/forms.ts`; a target also has
 * one in `engine/onnx/export/answers.ts`.
 */
export const featureTypeDescriptions = {
  NUMBER: {
    doc: "A finite number.",
    fields: {},
    methods: () => ranked,
    missing: [...filled, "CONSTANT", ...unusable],
    isSplitKey: true,
    timeOrder: "NUMBER",
    comparedAs: "number",
    isSampleWeight: true,
    idCount: 0,
    target: { output: regression },
  },
  BINARY: {
    doc: "`true` or `false`.",
    fields: {},
    methods: () => ["NONE"],
    missing: ["INDICATOR", "MOST_FREQUENT", "CONSTANT", ...unusable],
    isSplitKey: true,
    comparedAs: "boolean",
    idCount: 2,
    target: { output: { activation: "SIGMOID", scaling: "NONE" }, classes: () => ["false", "true"] },
  },
  CATEGORY: {
    doc: "One of the strings in the feature's `categories`, or any where none are declared.",
    fields: { categories: ofDataset },
    opensCategories: "OTHER",
    methods: () => ["ONE_HOT", "ORDINAL", "EMBEDDING"],
    missing: ["INDICATOR", "MOST_FREQUENT", "CONSTANT", ...unusable],
    isSplitKey: true,
    namesPart: true,
    comparedAs: "text",
    target: { output: { activation: "SOFTMAX", scaling: "NONE" }, classes: (feature) => feature.categories },
  },
  LABELS: {
    doc: "A list, which may be empty, of different strings in the feature's `categories`, or of any where none are declared.",
    fields: { categories: ofDataset },
    opensCategories: "IGNORE",
    methods: () => ["MULTI_HOT"],
    missing: ["EMPTY", ...unusable],
    isSplitKey: false,
    elements: { are: "LABELS" },
    target: { output: { activation: "SIGMOID", scaling: "NONE" }, isMultiLabel: true },
  },
  VECTOR: {
    doc: "A list of numbers; `shape` declares its length.",
    fields: { shape: shape({ axes: ["length"], required: true, doc: "`[length]`" }) },
    methods: () => clipped,
    missing: [...filled, "CONSTANT", ...unusable],
    isSplitKey: false,
    idCount: 0,
    target: { output: regression },
  },
  IMAGE: {
    doc: "Numbers of shape [height, width, channels], nested or flat; or a PNG or JPEG file in base64 or as a `data:` URL, decoded to numbers from 0 to 255 when it arrives.",
    fields: {
      shape: shape({
        axes: ["height", "width", "channels"],
        required: true,
        doc: "`[height, width, channels]`",
      }),
      resize,
    },
    methods: () => scaled,
    missing: ["REFUSE", "DROP_ROW", "CONSTANT"],
    isSplitKey: false,
    takesFiles: true,
    keepsShape: true,
  },
  TEXT: {
    doc: `A string of at most ${count(limits.textLength)} characters; may be empty.`,
    fields: {},
    methods: () => ["EMBEDDING", "ORDINAL", "MULTI_HOT", "COUNT", "TF_IDF"],
    missing: ["EMPTY", ...unusable],
    isSplitKey: true,
    namesPart: true,
    comparedAs: "text",
    elements: { are: "TOKENS", truncating: "POST", dimensions: textDimensions },
  },
  SEQUENCE: {
    doc: `A list of at most ${count(limits.elements)} numbers, vectors of \`shape[0]\` numbers, or \`categories\`, whichever is declared; may be empty.`,
    fields: {
      categories: categories({ doc: "The values of its elements, where they are categories" }),
      shape: shape({ axes: ["length"], required: false, doc: "`[length]`, where its elements are vectors" }),
    },
    rule(at, feature) {
      if (feature.categories.length === 0 || feature.shape.length === 0) return;
      const message = "cannot be combined with categories: a sequence is of categories or of vectors.";
      at.add("CONTRADICTION", message, "shape");
    },
    methods: (feature) =>
      feature.categories.length > 0 ? ["EMBEDDING", "ORDINAL", "ONE_HOT", "MULTI_HOT", "COUNT"] : scaled,
    missing: ["EMPTY", ...unusable],
    isSplitKey: false,
    // The latest elements of a sequence matter most.
    elements: { are: "ITEMS", truncating: "PRE" },
    idCount: 0,
  },
  TIMESTAMP: {
    doc: 'An instant in ISO 8601 with a time zone, such as `"2026-03-01T12:00:00Z"`, to the millisecond; or a date, which means midnight UTC. Numbers are refused because their unit is unknown.',
    fields: {},
    methods: () => ["CALENDAR", "Z_SCORE", "MIN_MAX"],
    missing: [...filled, ...unusable],
    isSplitKey: true,
    timeOrder: "INSTANT",
    comparedAs: "instant",
  },
} as const satisfies Record<string, FeatureTypeDescription>;

export type FeatureType = keyof typeof featureTypeDescriptions;

/** The types whose features can be predicted. */
export type TargetType = {
  [Type in FeatureType]: (typeof featureTypeDescriptions)[Type] extends { target: object } ? Type : never;
}[FeatureType];

/** The types with what each of them means. */
export const featureTypeChoices = choices(
  "FeatureType",
  "The type of a feature's values.",
  Object.fromEntries(Object.entries(featureTypeDescriptions).map(([type, { doc }]) => [type, doc])) as Record<
    FeatureType,
    string
  >,
);
export const featureTypes = featureTypeChoices.all;

/** The fields that each type takes. */
export type FeatureTypeFields = { [Type in FeatureType]: (typeof featureTypeDescriptions)[Type]["fields"] };
export const featureTypeFields = Object.fromEntries(
  featureTypes.map((type) => [type, featureTypeDescriptions[type].fields]),
) as FeatureTypeFields;

export function describedType(type: FeatureType): FeatureTypeDescription {
  return featureTypeDescriptions[type];
}

/** The types of which a fact holds, in the order of their descriptions. */
export function typesWith(fact: (description: FeatureTypeDescription) => unknown): FeatureType[] {
  return featureTypes.filter((type) => fact(describedType(type)));
}

export const targetTypes = typesWith(({ target }) => target) as TargetType[];

export function isTargetType(type: FeatureType): type is TargetType {
  return describedType(type).target !== undefined;
}

/** The classes that a model of this target chooses from; undefined for a target of numbers. */
export function classesOf({ type, categories }: { type: TargetType; categories: readonly string[] }) {
  return describedType(type).target?.classes?.({ categories });
}

/** What a prediction gives a probability of: classes or labels; undefined for a target of numbers. */
export function categoriesOfTarget(target: { type: TargetType; categories: readonly string[] }) {
  return isMultiLabel(target) ? target.categories : classesOf(target);
}

/** Whether a model of this target chooses any number of its categories. */
export function isMultiLabel({ type }: { type: TargetType }): boolean {
  return describedType(type).target?.isMultiLabel === true;
}

/** Whether the dataset keeps the list of a feature's categories, because none are declared. */
export function hasOpenCategories({ type, categories }: { type: FeatureType; categories: readonly string[] }): boolean {
  return describedType(type).opensCategories !== undefined && categories.length === 0;
}

/**
 * The features with the dataset's own lists of categories filled in.
 *
 * @param listOf the list of a feature that declares none.
 */
export function withCategories<Each extends { name: string; type: FeatureType; categories: string[] }>(
  features: readonly Each[],
  listOf: (feature: string) => string[],
): (Each & { categoriesOf?: "DATASET" })[] {
  return features.map((feature) =>
    hasOpenCategories(feature) ? { ...feature, categories: listOf(feature.name), categoriesOf: "DATASET" } : feature,
  );
}

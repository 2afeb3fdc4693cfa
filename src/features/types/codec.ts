import type { Feature } from "../../language/datasets/dataset.js";
import type { Findings } from "../../language/fields/findings.js";
import type { ModelInput, ModelTarget } from "../../language/models/model.js";
import type { Prediction } from "../../language/models/prediction.js";
import type { ClassRule } from "../values/classes.js";
import type { Destination, Rows, TrainingRows } from "../values/encoding.js";
import type { FittedScaling } from "../values/scaling.js";
import type { BytesReader } from "../values/spelled-bytes.js";
import type { Spelling } from "../values/spellings.js";

/** A feature as far as its values depend on it. */
export type ValueForm = Pick<Feature, "categories" | "shape"> & Pick<ModelInput, "unseen">;

/**
 * All that is computed with the values of one feature type: how they are checked, stored, fitted, encoded and decoded.
 * What the language knows about the type is in `language/datasets/feature-types.ts`; its form in an exported model is in
 * `engine/onnx/export/forms.ts`.
 */
export interface Codec<Held extends Store = Store> {
  /** What a value from outside looks like, for people. */
  expected(feature: ValueForm): string;
  /** The check of values from outside. Prepared once for all rows. */
  check(feature: ValueForm): Check;
  /**
   * How a text of a file spells a value: answers the value as users write it, undefined for a text that spells none. Prepared
   * once for all rows. Default: the text is the value.
   */
  spelled?(feature: ValueForm, spelling: Spelling): (text: string) => unknown;
  /**
   * Reads the most frequent spellings from bytes, as the number that is stored: what `spelled`, `check` and `write` make of
   * them, much faster. Only for values of one number.
   */
  spelledBytes?(spelling: Spelling): BytesReader;
  /** How a column spells values; undefined where some of its texts spell none. Default: in one way only. */
  spellingOf?(texts: readonly string[]): Spelling | undefined;
  /** How values lie in memory and in Parquet files. */
  store: Held;
  /** What is learned from the training rows. */
  fit(input: ModelInput, rows: TrainingRows): FittedScaling;
  /** Writes what the network takes of each row. */
  encode(input: ModelInput, fitted: FittedScaling, rows: Rows, destination: Destination): void;
  /**
   * Whether the encoded values are the stored numbers, scaled; not codes, instants or ids. Default: false.
   */
  holdsNumbers?(field: ValueForm): boolean;
  /** Stored codes from this one on are categories that a model does not know, and cannot use. By default it can use all. */
  unknownFrom?(field: ValueForm): number | undefined;
  /** Whether the platform makes the ids that an embedding layer reads, so that they are within bounds. Default: false. */
  makesIds?(field: ValueForm): boolean;
}

/** The codec of a type that can be predicted. */
export interface TargetCodec<Held extends NumberStore | SequenceStore = NumberStore> extends Codec<Held> {
  /** What is learned from the training rows about a target. */
  fitTarget(target: ModelTarget, rows: TrainingRows): FittedScaling;
  /** Writes what the network should put out for each row. */
  encodeTarget(target: ModelTarget, fitted: FittedScaling, rows: Rows, destination: Destination): void;
  /**
   * The prediction that the outputs of a row mean, which begin at `start` and are finite. Of more classes than `allListed`
   * the `most` most probable are listed, by default as many as that.
   *
   * @param rule how two classes are told apart; default: the most probable one is the value.
   */
  decode(target: ModelTarget, outputs: Float64Array, start: number, most?: number, rule?: ClassRule): Prediction;
}

/** Whether a value is one of the feature's. The first thing that is wrong with it is added to `at`, under `key`. */
export type Check = (at: Findings, key: string | number, value: unknown) => boolean;

/** The form of a type's columns, and what they hold. */
export type Store = NumberStore | TextStore | SequenceStore;

/** A column of a fixed number of numbers per row: `product(shape)`. */
export interface NumberStore {
  form: "NUMBERS";
  /** In a file, whether a row's numbers are a list. */
  isList: boolean;
  /** Whether whole numbers from 0 to 255 may take a byte each. */
  packsBytes?: true;
  /** What the numbers mean. Prepared once for all rows. */
  numbers(feature: ValueForm): Numbers;
}

/** A column of texts. */
export interface TextStore {
  form: "TEXTS";
  /** Whether any well-formed text without NUL that takes so many bytes of UTF-8 is a value. */
  fits(bytes: number): boolean;
}

/** A column of any number of elements per row, each of a fixed number of numbers. */
export interface SequenceStore {
  form: "SEQUENCES";
  elements(feature: ValueForm): NumberStore;
}

/** What the numbers of a column mean. */
export interface Numbers {
  /** Writes a value that users gave at `position`; answers the position after it, or -1 for what is no value. */
  write(value: unknown, column: Float64Array | Uint8Array, position: number): number;
  /**
   * The value whose `width` numbers begin at `position`, as users write it. The split hashes it, so it must never change.
   */
  read(column: Float64Array, position: number, width: number): unknown;
  /** Whether the number may stand in a column. */
  fits(number: number): boolean;
  /** What each number is in a file. */
  file: FileNumbers;
}

/** How single numbers are written in Parquet files. */
export interface FileNumbers {
  /** The SQL type of a number. */
  type: FileType;
  /** The value in a file; an instant as its milliseconds. */
  value(number: number): number | boolean | string | null;
  /** The number that a value of a file means; undefined for a value that is none of the feature's. */
  number(value: unknown): number | undefined;
  /** What is said of such a value: "is not a finite number". */
  misfit: string;
}

/** The SQL types that one number may have in a file. */
export type FileType = "DOUBLE" | "BOOLEAN" | "VARCHAR" | "TIMESTAMP WITH TIME ZONE";

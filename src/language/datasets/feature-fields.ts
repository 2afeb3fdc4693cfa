import { choices } from "../fields/choices.js";
import type { Field } from "../fields/field.js";
import { readChoice, readFlag, readInteger, readList, readText } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { readBy } from "../fields/objects.js";
import { count, shown, shownShape } from "../fields/wording.js";

/** The fields that features of some types take, beside the name, type and description of all. */
export interface FeatureFields {
  categories?: Field<string[], string[]>;
  shape?: Field<number[], number[]>;
  resize?: Field<Resize, Resize | undefined>;
}

/** What is done with an image file of another size than the declared one. */
export const resizing = choices("ResizeMethod", "How an image file is brought to the declared height and width.", {
  STRETCH: "Scales height and width independently; the aspect ratio may change.",
  CROP: "Scales until the image covers the declared size, then crops evenly at the borders.",
  PAD: "Scales until the image fits into the declared size, then pads evenly with black.",
});
export const resizeMethods = resizing.all;
export type Resize = (typeof resizeMethods)[number];

/** Whether a list was declared where it may be left out. */
export function isGiven(declared: readonly unknown[] | null | undefined): boolean {
  return declared !== undefined && declared !== null && declared.length !== 0;
}

/**
 * The declared categories: 2 to 10,000 different texts, or none.
 * @param options `doc` is a clause without its full stop. `otherwise` says what it means that there are none; by default an
 *   empty list means that too.
 */
export function categories({ doc, otherwise }: { doc: string; otherwise?: string }): Field<string[], string[]> {
  const takes = {
    ...{ type: "LIST" as const, min: 2, max: limits.categories },
    of: { type: "TEXT" as const, min: 1, max: limits.categoryLength },
  };
  const told = `${doc}; 2 to ${count(limits.categories)} of them.`;
  const absent = otherwise === undefined ? { value: [] } : { words: otherwise };
  return readBy({ doc: told, required: false, absent, takes }, (at, key, declared) => {
    if (otherwise === undefined ? !isGiven(declared) : declared === undefined || declared === null) return [];
    return readCategories(at, key, declared);
  });
}

function readCategories(at: Findings, key: string | number, declared: string[] | null | undefined): string[] {
  const list = readList(at, key, declared, limits.categories);
  if (Array.isArray(declared) && declared.length < 2) {
    const code = declared.length === 0 ? "EMPTY" : "OUT_OF_RANGE";
    at.add(code, `must have at least 2 values, got ${declared.length}.`, key);
  }
  const places = at.at(key);
  const first = new Map<string, number>();
  return list.map((entry, index) => {
    const category = readText(places, index, entry, { min: 1, max: limits.categoryLength });
    const earlier = first.get(category);
    if (category !== "" && earlier !== undefined) {
      places.add("DUPLICATE", () => `${shown(category)} is already categories[${earlier}].`, index);
    } else first.set(category, index);
    return category;
  });
}

/** A list that is required, or else empty by default. */
function ofNeed(required: boolean, doc: string) {
  return required ? { required, doc: `${doc} Required.` } : { required, doc, absent: { value: [] } };
}

/**
 * The lengths of a value's axes, named by `axes`. Where it is not required, none by default.
 * @param options `doc` is a clause without its full stop.
 */
export function shape(options: { axes: readonly string[]; required: boolean; doc: string }): Field<number[], number[]> {
  const { axes, required, doc } = options;
  const takes = {
    ...{ type: "LIST" as const, min: axes.length, max: axes.length },
    of: { type: "INTEGER" as const, rule: { min: 1, max: limits.elements } },
  };
  return readBy({ ...ofNeed(required, `${doc}.`), takes }, (at, key, declared, beside) => {
    if (!required && !isGiven(declared)) return [];
    if (!Array.isArray(declared) || declared.length === axes.length) return readShape(at, key, declared, axes.length);
    const { type } = beside as { type: string };
    const wanted = `the shape of a ${type} feature is [${axes.join(", ")}]: ${count(axes.length)}`;
    at.add("SHAPE_MISMATCH", `${wanted} ${axes.length === 1 ? "entry" : "entries"}, got ${declared.length}.`, key);
    return [];
  });
}

function readShape(at: Findings, key: string | number, declared: number[] | null | undefined, axes: number): number[] {
  const list = readList(at, key, declared, axes);
  const lengths = list.map((entry, index) => readInteger(at.at(key), index, entry, 1, undefined, limits.elements));
  const elements = lengths.reduce((product, entry) => product * entry, 1);
  if (elements > limits.elements) {
    const message = `${shownShape(lengths)} holds ${count(elements)} numbers; at most ${count(limits.elements)} are allowed.`;
    at.add("OUT_OF_RANGE", message, key);
  }
  return lengths;
}

/** What to do with image files of another size: by default they are refused, and the field stays undefined. */
export const resize: Field<Resize, Resize | undefined> = readBy(
  {
    doc: "How files of another size are brought to the shape.",
    takes: { type: "CHOICE", choices: resizing },
    required: false,
    absent: { words: "they are refused" },
  },
  (at, key, declared) =>
    declared === undefined || declared === null ? undefined : readChoice(at, key, declared, resizeMethods),
);

/** Whether values may be missing. False stays undefined, so that it is left out of the stored declaration. */
export const nullable: Field<boolean, true | undefined, false> = readBy(
  {
    doc: "Whether values may be missing: null, or no field in a row.",
    takes: { type: "FLAG" },
    required: false,
    absent: { value: false },
  },
  (at, key, declared) => readFlag(at, key, declared, false) || undefined,
);

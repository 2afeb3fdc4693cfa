import type { Choices } from "./choices.js";
import type { Bounds, Field, Noun, Takes } from "./field.js";
import { readChoice, readFlag, readName, readNumber, readText } from "./fields.js";
import { limits } from "./limits.js";
import type { NameKind } from "./names.js";

/** `default` makes a field optional; `otherwise` does too, and says in words what absence means. */
interface Doc<T> {
  doc: string;
  default?: T;
  otherwise?: string;
}

const absence = <T>({ default: value, otherwise }: Doc<T>) =>
  value !== undefined ? { absent: { value } } : otherwise !== undefined ? { absent: { words: otherwise } } : {};

type NumberField<Options> = Options extends { default: number }
  ? Field<number, number, false>
  : Options extends { otherwise: string }
    ? Field<number, number | null, false>
    : Field<number, number, true>;

function numeric<const Options extends Bounds & Doc<number>>(options: Options, integer: boolean): NumberField<Options> {
  const { doc, default: fallback, otherwise, ...bounds } = options;
  const rule: Bounds = integer ? { max: limits.int, ...bounds } : bounds;
  const readRule = { ...rule, integer, fallback };
  const field: Field<number, number | null> = {
    doc,
    takes: { type: integer ? "INTEGER" : "NUMBER", rule },
    required: fallback === undefined && otherwise === undefined,
    ...absence(options),
    read(at, key, value) {
      if (otherwise !== undefined && (value === undefined || value === null)) return null;
      return readNumber(at, key, value, readRule);
    },
  };
  return field as NumberField<Options>;
}

/** A number within 32-bit floats, from `min` to `max`, `above` and `below`. With `otherwise`, null where it is absent. */
export function number<const Options extends Bounds & Doc<number>>(options: Options): NumberField<Options> {
  return numeric(options, false);
}

/** A whole number, at most GraphQL's largest Int. With `otherwise`, null where it is absent. */
export function integer<const Options extends Bounds & Doc<number>>(options: Options): NumberField<Options> {
  return numeric(options, true);
}

/** True or false. */
export function flag(options: { doc: string; default: boolean }): Field<boolean, boolean, false> {
  return {
    doc: options.doc,
    takes: { type: "FLAG" },
    required: false,
    absent: { value: options.default },
    read: (at, key, value) => readFlag(at, key, value, options.default),
  };
}

type ChoiceField<Name extends string, Options> = Options extends { default: string }
  ? Field<Name, Name, false>
  : Options extends { otherwise: string }
    ? Field<Name, Name | null, false>
    : Field<Name, Name | undefined, true>;

/** One of a closed set; undefined for a wrong one without a default. With `otherwise`, null where it is absent. */
export function choice<Name extends string, const Options extends Doc<NoInfer<Name>>>(
  set: Choices<Name>,
  options: Options,
): ChoiceField<Name, Options> {
  const { doc, default: fallback, otherwise } = options;
  const field: Field<Name, Name | null | undefined> = {
    doc,
    takes: { type: "CHOICE", choices: set },
    required: fallback === undefined && otherwise === undefined,
    ...absence(options),
    read(at, key, value) {
      if (fallback !== undefined) return readChoice<Name>(at, key, value, set.all, fallback);
      if (otherwise !== undefined && (value === undefined || value === null)) return null;
      return readChoice<Name>(at, key, value, set.all);
    },
  };
  return field as ChoiceField<Name, Options>;
}

/** A text of `min` to `max` characters. Optional with a `default`. */
export function text<const Options extends Doc<string> & { min: number; max: number }>(
  options: Options,
): Options extends { default: string } ? Field<string, string, false> : Field<string, string, true> {
  const { doc, min, max, default: fallback } = options;
  const field: Field<string, string> = {
    doc,
    takes: { type: "TEXT", min, max },
    required: fallback === undefined,
    ...absence(options),
    read: (at, key, value) => readText(at, key, value ?? fallback, { min, max }),
  };
  return field as never;
}

/** A name by the rules of its kind. */
export function name(kind: NameKind, doc: string): Field<string, string, true> {
  return {
    doc,
    takes: { type: "NAME", kind },
    required: true,
    read: (at, key, value) => readName(at, key, value, kind),
  };
}

/**
 * A field that is read elsewhere, by a rule across fields or at another place. It resolves to nothing by itself. One with
 * neither `default` nor `otherwise` is required.
 */
export function described<Declared, const Options extends Doc<Declared> = Doc<Declared>>(
  takes: Takes,
  options: Options,
): Field<Declared, undefined, Options extends { default: unknown } | { otherwise: string } ? false : true> {
  const required = options.default === undefined && options.otherwise === undefined;
  const field: Field<Declared, undefined> = {
    doc: options.doc,
    takes,
    required,
    ...absence(options),
    read: () => undefined,
  };
  return field as never;
}

/** The name of something declared, such as a feature; looked up where that is known. */
export function reference<const Options extends Doc<string>>(to: Noun, options: Options) {
  return described<string, Options>({ type: "REFERENCE", to }, options);
}

/** A field that is read by somebody else: by a rule across fields, or at another place. It resolves to nothing. */
export function readElsewhere<D, R, Required extends boolean>(
  field: Field<D, R, Required>,
): Field<D, undefined, Required> {
  return { ...field, read: () => undefined };
}

import type { Alternatives, DeclaredFields, Field, Fields, ResolvedFields, Struct, Takes, Union } from "./field.js";
import { readFields } from "./field.js";
import { readObject, readOneOf, readOptional } from "./fields.js";
import type { Findings } from "./findings.js";

type ObjectField<F extends Fields, Options> = Options extends { otherwise: string }
  ? Field<DeclaredFields<F>, ResolvedFields<F> | null, false>
  : Field<DeclaredFields<F>, ResolvedFields<F>, true>;

/** An object. With `otherwise` it may be left out and is null then. */
export function object<F extends Fields, const Options extends { doc: string; otherwise?: string }>(
  of: Struct<F>,
  options: Options,
): ObjectField<F, Options> {
  const { doc, otherwise } = options;
  const field: Field<DeclaredFields<F>, ResolvedFields<F> | null> = {
    doc,
    takes: { type: "OBJECT", struct: () => of },
    required: otherwise === undefined,
    ...(otherwise !== undefined && { absent: { words: otherwise } }),
    read(at, key, value) {
      const declared = otherwise === undefined ? readObject(at, key, value) : readOptional(at, key, value);
      return declared === undefined ? null : readFields(at.at(key), of.fields, declared);
    },
  };
  return field as ObjectField<F, Options>;
}

/** A field whose value is read by a function of its own. */
export function readBy<Declared, Resolved, const Required extends boolean>(
  options: {
    doc: string;
    takes: Takes;
    required: Required;
    absent?: Field["absent"];
  },
  read: Field<Declared, Resolved, Required>["read"],
): Field<Declared, Resolved, Required> {
  return { ...options, read };
}

/** A field with a check of its own: `check` reports what is wrong with the value that was read. */
export function checked<Declared, Resolved, Required extends boolean>(
  field: Field<Declared, Resolved, Required>,
  check: (at: Findings, key: string, resolved: Resolved, beside: Readonly<Record<string, unknown>>) => void,
): Field<Declared, Resolved, Required> {
  return {
    ...field,
    read(at, key, value, beside) {
      const resolved = field.read(at, key, value, beside);
      check(at, key, resolved, beside as Record<string, unknown>);
      return resolved;
    },
  };
}

/** The declared type of a union: exactly one key is set. */
export type DeclaredUnion<A extends Alternatives> = {
  [Key in keyof A]?: DeclaredFields<A[Key]["input"]["fields"]> | null;
};

/** The resolved type of a union: the fields of one alternative, with its key as `type`. */
export type ResolvedUnion<A extends Alternatives> = {
  [Key in keyof A]: { type: Key } & ResolvedFields<A[Key]["input"]["fields"]>;
}[keyof A];

/**
 * The one alternative that a union declares, under `key`, with its fields read; undefined (and a problem) unless
 * exactly one is declared.
 */
export function readUnion<A extends Alternatives>(
  at: Findings,
  key: string,
  union: Union<A>,
  declared: DeclaredUnion<A> | null | undefined,
): { type: keyof A & string; at: Findings; declared: object; resolved: ResolvedUnion<A> } | undefined {
  const types = Object.keys(union.alternatives) as (keyof A & string)[];
  const given = readOneOf<DeclaredUnion<A>>(at, key, declared, types);
  const type = types.find((candidate) => given?.[candidate] !== undefined && given[candidate] !== null);
  if (given === undefined || type === undefined) return undefined;
  const value = readOptional(at.at(key), type, given[type]);
  if (value === undefined) return undefined;
  const place = at.at(key).at(type);
  const alternative: Alternatives[string] = union.alternatives[type] as A[typeof type];
  const resolved = {
    type,
    ...readFields(place, alternative.input.fields, value as Record<string, unknown>),
  } as ResolvedUnion<A>;
  return { type, at: place, declared: value, resolved };
}

import {
  type Alternatives,
  type DeclaredFields,
  type Field,
  type Fields,
  type Flat,
  type PlainAlternative,
  type ResolvedFields,
  readFields,
  type Struct,
  type Takes,
  type Union,
} from "./field.js";
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

/** An object that may be left out, and is then one whose fields are all absent. */
export function objectOrEmpty<F extends Fields>(
  of: Struct<F>,
  options: { doc: string; otherwise: string },
): Field<DeclaredFields<F>, ResolvedFields<F>, false> {
  return {
    doc: options.doc,
    takes: { type: "OBJECT", struct: () => of },
    required: false,
    absent: { words: options.otherwise },
    read: (at, key, value) =>
      readFields(at.at(key), of.fields, readOptional(at, key, value) ?? ({} as DeclaredFields<F>)),
  };
}

/** A field whose value is read by a function of its own. */
export function readBy<Declared, Resolved, const Required extends boolean>(
  options: {
    doc: string;
    takes: Takes;
    required: Required;
    absent?: Field["absent"];
    isTold?: boolean;
  },
  read: Field<Declared, Resolved, Required>["read"],
): Field<Declared, Resolved, Required> {
  return { ...options, read };
}

/** A field with a check of its own: `check` reports what is wrong with the value that was read. */
export function checked<Declared, Resolved, Required extends boolean>(
  field: Field<Declared, Resolved, Required>,
  check: (at: Findings, key: string | number, resolved: Resolved, beside: Readonly<Record<string, unknown>>) => void,
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
  [Key in keyof A]?: DeclaredAlternative<A[Key]> | null;
};
type DeclaredAlternative<A> = A extends { readonly input: Struct<infer F> }
  ? DeclaredFields<F>
  : A extends PlainAlternative<Field<infer Declared, infer _>>
    ? Declared
    : never;

/** The resolved type of a union: the fields of one alternative, with its key as `type`. */
export type ResolvedUnion<A extends Alternatives> = {
  [Key in keyof A]: Flat<{ type: Key } & ResolvedAlternative<A[Key]>>;
}[keyof A];
type ResolvedAlternative<A> = A extends { readonly input: Struct<infer F> }
  ? ResolvedFields<F>
  : A extends PlainAlternative<Field<infer _, infer Resolved>, infer As>
    ? { [Key in As]: Resolved }
    : never;

/** The one alternative that was declared, its place, and its fields. */
export interface ReadUnion<A extends Alternatives> {
  type: keyof A & string;
  at: Findings;
  declared: unknown;
  resolved: ResolvedUnion<A>;
}

/**
 * The one alternative that a union declares, under `key`, with its fields read; undefined (and a problem) unless
 * exactly one is declared.
 */
export function readUnion<A extends Alternatives>(
  at: Findings,
  key: string,
  union: Union<A>,
  declared: DeclaredUnion<A> | null | undefined,
): ReadUnion<A> | undefined {
  const types = Object.keys(union.alternatives) as (keyof A & string)[];
  const given = readOneOf<DeclaredUnion<A>>(at, key, declared, types);
  const type = types.find((candidate) => given?.[candidate] !== undefined && given[candidate] !== null);
  if (given === undefined || type === undefined) return undefined;
  const place = at.at(key);
  const alternative: Alternatives[string] = union.alternatives[type] as A[typeof type];
  const answer = (value: unknown, resolved: object): ReadUnion<A> => ({
    ...{ type, at: place.at(type), declared: value },
    resolved: { type, ...resolved } as unknown as ResolvedUnion<A>,
  });
  if (alternative.field !== undefined) {
    const value: unknown = alternative.field.read(place, type, given[type], given);
    return answer(given[type], { [alternative.as]: value });
  }
  const value = readOptional(place, type, given[type] as Record<string, unknown>);
  return value && answer(value, readFields(place.at(type), alternative.input.fields, value));
}

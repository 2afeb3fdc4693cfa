import type { Choices } from "./choices.js";
import type { NumberRule } from "./fields.js";
import type { Findings } from "./findings.js";
import type { NameKind } from "./names.js";

/** What a field takes, as data: GraphQL inputs, the catalogue, forms and studies are derived from it. */
export type Takes =
  /** `or`: a number outside the bounds that has a meaning of its own, such as -1. */
  | { readonly type: "NUMBER" | "INTEGER"; readonly rule: Bounds; readonly or?: number }
  | { readonly type: "FLAG" }
  | { readonly type: "TEXT"; readonly min: number; readonly max: number }
  | { readonly type: "NAME"; readonly kind: NameKind }
  /** The name of something declared elsewhere: of a dataset, a feature of it, a model … */
  | { readonly type: "REFERENCE"; readonly to: Noun }
  | { readonly type: "CHOICE"; readonly choices: Choices }
  | { readonly type: "LIST"; readonly of: Takes; readonly min?: number; readonly max?: number }
  | { readonly type: "OBJECT"; readonly struct: () => Struct }
  | { readonly type: "ONE_OF"; readonly union: () => Union };

/** What a declaration may refer to by name. */
export type Noun = "DATASET" | "FEATURE" | "CATEGORY" | "MODEL" | "OPTIMIZER" | "VERSION" | "ALIAS" | "METRIC" | "RUN";

export type Bounds = Pick<NumberRule, "min" | "max" | "above" | "below">;

/** A field of a declaration. */
export interface Field<Declared = unknown, Resolved = unknown, Required extends boolean = boolean> {
  /** What it means: a sentence, or two. Range and default are not in it: they follow from the data beside it. */
  readonly doc: string;
  /** Whether `doc` holds them all the same, because they differ with another field. */
  readonly isTold?: boolean;
  readonly takes: Takes;
  readonly required: Required;
  /** What absence means: a value of the field, or words where no single value says it. */
  readonly absent?: { readonly value: unknown } | { readonly words: string };
  /**
   * Reads the declared value, with its default, and reports all that is wrong.
   * @param key of the value below `at`; of an entry of a list, its index.
   * @param beside the declared object that the field belongs to.
   */
  read(at: Findings, key: string | number, value: Declared | null | undefined, beside: object): Resolved;
}

// biome-ignore lint/suspicious/noExplicitAny: fields of any type; the types that matter are inferred from each.
export type Fields = Readonly<Record<string, Field<any, any>>>;

/** Fields that belong together: one GraphQL input type. */
export interface Struct<F extends Fields = Fields> {
  /** Name of the GraphQL input type. */
  readonly name: string;
  readonly doc: string;
  readonly fields: F;
}

export function struct<const F extends Fields>(name: string, doc: string, fields: F): Struct<F> {
  return { name, doc, fields };
}

/** Exactly one of several alternatives, each under a key of its own: a GraphQL input type with `@oneOf`. */
export interface Union<A extends Alternatives = Alternatives> {
  readonly name: string;
  readonly doc: string;
  readonly alternatives: A;
}

/** What stands under a key of a union: a struct, or a single field such as `{constant: 0.01}`. */
export type Alternative<F extends Fields = Fields> = StructAlternative<F> | PlainAlternative;

export interface StructAlternative<F extends Fields = Fields> {
  /** One line: what it is, beside its alternatives. */
  readonly doc: string;
  readonly input: Struct<F>;
  readonly field?: undefined;
}

/** @param as the key of its value in the resolved object. */
// biome-ignore lint/suspicious/noExplicitAny: a field of any type.
export interface PlainAlternative<F extends Field<any, any> = Field<any, any>, As extends string = string> {
  readonly doc?: undefined;
  readonly field: F;
  readonly as: As;
  readonly input?: undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: as above.
export type Alternatives = Readonly<Record<string, Alternative<any>>>;

export type Flat<T> = { [Key in keyof T]: T[Key] };
type Declared<F> = F extends Field<infer D, infer _, boolean> ? D : never;
type Resolved<F> = F extends Field<infer _, infer R, boolean> ? R : never;
type IsRequired<F> = F extends { readonly required: true } ? true : false;

/** The type of a declaration of these fields: what may be left out may also be null. */
export type DeclaredFields<F extends Fields> = Flat<
  { [Key in keyof F as IsRequired<F[Key]> extends true ? Key : never]: Declared<F[Key]> } & {
    [Key in keyof F as IsRequired<F[Key]> extends true ? never : Key]?: Declared<F[Key]> | null;
  }
>;

/** The type of the resolved fields. A field that resolves to undefined alone is left out. */
export type ResolvedFields<F extends Fields> = Flat<
  { [Key in keyof F as undefined extends Resolved<F[Key]> ? never : Key]: Resolved<F[Key]> } & {
    [Key in keyof F as undefined extends Resolved<F[Key]>
      ? [Resolved<F[Key]>] extends [undefined]
        ? never
        : Key
      : never]?: Exclude<Resolved<F[Key]>, undefined>;
  }
>;

/** All fields of a declared object, in their order. What resolves to undefined is left out. */
export function readFields<F extends Fields>(at: Findings, fields: F, declared: DeclaredFields<F>): ResolvedFields<F> {
  const values = declared as Record<string, unknown>;
  const resolved: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(fields)) {
    const value: unknown = field.read(at, key, values[key], declared);
    if (value !== undefined) resolved[key] = value;
  }
  return resolved as ResolvedFields<F>;
}

import type { Choices } from "./choices.js";
import { type DeclaredFields, type Field, type Fields, type ResolvedFields, readFields, type Struct } from "./field.js";
import type { Findings } from "./findings.js";
import { told } from "./told.js";
import { listed } from "./wording.js";

/** Options that depend on a type: by its name, the fields that apply to it. */
export type Variants<Type extends string = string> = Readonly<Record<Type, Fields>>;

type KeyOf<V extends Variants> = V[keyof V] extends infer F ? (F extends Fields ? keyof F & string : never) : never;
type OptionOf<V extends Variants, Key extends string> = V[keyof V] extends infer F
  ? F extends { [K in Key]: Field<infer Declared, unknown> }
    ? Declared
    : never
  : never;

/** Options as they are declared: those of any type may be written, and those of other types are problems. */
export type DeclaredOptions<V extends Variants> = { [Key in KeyOf<V>]?: OptionOf<V, Key> | null };

/** One type with its own options, resolved. */
export type ResolvedVariant<V extends Variants> = {
  [Type in keyof V & string]: { type: Type } & ResolvedFields<V[Type]>;
}[keyof V & string];

/** The names of the options of all types, in the order in which they are described. */
export function optionNames(variants: Variants): string[] {
  return [...new Set(Object.values(variants).flatMap((fields) => Object.keys(fields)))];
}

/** The types that an option applies to. */
export function typesWith(variants: Variants, option: string): string[] {
  return Object.keys(variants).filter((type) => variants[type]?.[option] !== undefined);
}

/**
 * The options of a type, with their defaults. One of another type is a problem.
 * @param subject what the message calls the thing that has the type, such as `the loss is`.
 */
export function readVariant<V extends Variants>(
  at: Findings,
  variants: V,
  type: keyof V & string,
  declared: DeclaredOptions<V>,
  subject: string,
): ResolvedVariant<V> {
  const fields = variants[type] as Fields;
  const given = declared as Record<string, unknown>;
  for (const option of optionNames(variants)) {
    if (given[option] === undefined || given[option] === null || fields[option] !== undefined) continue;
    at.add("CONTRADICTION", `applies to ${listed(typesWith(variants, option))} only, and ${subject} ${type}.`, option);
  }
  return { type, ...readFields(at, fields, given as DeclaredFields<Fields>) } as ResolvedVariant<V>;
}

/**
 * The struct of a type and of every type's options. An option's description names the types that it applies to, once for
 * each way in which they mean it.
 */
export function variantStruct(
  options: { name: string; doc: string; type: Field; choices: Choices },
  variants: Variants,
): Struct {
  return { name: options.name, doc: options.doc, fields: { type: options.type, ...sharedFields(variants) } };
}

/** Every type's options, each described once. */
export function sharedFields(variants: Variants): Fields {
  return Object.fromEntries(optionNames(variants).map((option) => [option, sharedField(option, variants)]));
}

function sharedField(option: string, variants: Variants): Field {
  const groups = new Map<Field, string[]>();
  for (const type of typesWith(variants, option)) {
    const field = variants[type]?.[option] as Field;
    groups.set(field, [...(groups.get(field) ?? []), type]);
  }
  // First what has a plain default.
  const ordered = [...groups].sort(([a], [b]) => Number(hasValue(b)) - Number(hasValue(a)));
  const [[first]] = ordered as [[Field, string[]]];
  const doc = ordered.map(([field, types]) => `${listed(types)}: ${lowerFirst(told(field))}`).join(" ");
  // Range and default are in the words already.
  return { ...first, required: false, doc, isTold: true };
}

function hasValue({ absent }: Field): boolean {
  return absent !== undefined && "value" in absent;
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

/**
 * The shape of an answer that no table holds, described once: TypeScript types follow from it by `ValueOf`, and GraphQL
 * types by `graphql/builders/shapes.ts`.
 */
export interface Shape<Fields extends ShapeFields = ShapeFields> {
  /** The name of the GraphQL type. */
  name: string;
  doc: string;
  fields: Fields;
}

export type ShapeFields = Readonly<Record<string, ShapeField>>;

/** One field of a shape. */
export interface ShapeField<Value = unknown> {
  type: "INT" | "INT64" | "FLOAT" | "TEXT" | "JSON" | Shape;
  doc: string;
  isNullable: boolean;
  /** For lists: a usual length, or `PAGE` where it follows from the request; undefined for single values. */
  length?: number | "PAGE";
  /** Never there: carries the type of the value. */
  readonly value?: Value;
}

/** What values of a shape look like. */
export type ValueOf<Of extends Shape> = {
  [Name in keyof Of["fields"]]: Of["fields"][Name] extends ShapeField<infer Value> ? Value : never;
};

export function shape<const Fields extends ShapeFields>(name: string, doc: string, fields: Fields): Shape<Fields> {
  return { name, doc, fields };
}

const field = <Value>(type: ShapeField["type"], doc: string): ShapeField<Value> => ({ type, doc, isNullable: false });

/** A whole number below 2^31. */
export const integer = (doc: string) => field<number>("INT", doc);
/** A whole number below 2^53. */
export const largeInteger = (doc: string) => field<number>("INT64", doc);
export const float = (doc: string) => field<number>("FLOAT", doc);
export const text = (doc: string) => field<string>("TEXT", doc);
/** Any JSON value. */
export const json = <Value>(doc: string) => field<Value>("JSON", doc);
/** A value with a shape of its own. */
export const object = <Of extends Shape>(of: Of, doc: string) => field<ValueOf<Of>>(of, doc);

/** @param length a usual length, or `PAGE` where it follows from the request. */
export function listOf<Value>(of: ShapeField<Value>, length: number | "PAGE"): ShapeField<Value[]> {
  return { type: of.type, doc: of.doc, isNullable: of.isNullable, length };
}

export function nullable<Value>(of: ShapeField<Value>): ShapeField<Value | null> {
  return { type: of.type, doc: of.doc, isNullable: true, length: of.length };
}

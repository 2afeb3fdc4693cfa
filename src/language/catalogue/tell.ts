import type { Choices } from "../fields/choices.js";
import type { Field, Fields, Takes } from "../fields/field.js";
import { defaultWords, told } from "../fields/told.js";
import { type DeclarableKind, type FieldType, kindOfUnion, type ReferenceNoun } from "./catalogue.js";

/** A field as plain data. Nested objects are told in full, but for unions that the catalogue lists as a kind. */
export interface ToldField {
  name: string;
  description: string;
  type: FieldType;
  required: boolean;
  default: unknown;
  defaultDescription: string | null;
  minimum: number | null;
  maximum: number | null;
  exclusiveMinimum: number | null;
  exclusiveMaximum: number | null;
  minimumLength: number | null;
  maximumLength: number | null;
  choices: { name: string; description: string }[] | null;
  references: ReferenceNoun | null;
  item: ToldField | null;
  fields: ToldField[] | null;
  kind: DeclarableKind | null;
}

export function tellField(name: string, field: Field): ToldField {
  const { absent, required, takes } = field;
  return {
    name,
    description: told(field),
    required,
    default: absent !== undefined && "value" in absent ? absent.value : null,
    defaultDescription: absent === undefined ? null : defaultWords(absent, takes),
    ...tellTakes(takes),
  };
}

function tellTakes(takes: Takes) {
  const rule = takes.type === "NUMBER" || takes.type === "INTEGER" ? takes.rule : {};
  const isSized = takes.type === "TEXT" || takes.type === "LIST";
  return {
    type: takes.type,
    minimum: rule.min ?? null,
    maximum: rule.max ?? null,
    exclusiveMinimum: rule.above ?? null,
    exclusiveMaximum: rule.below ?? null,
    minimumLength: (isSized && takes.min) || null,
    maximumLength: (isSized && takes.max) || null,
    choices: takes.type === "CHOICE" ? tellChoices(takes.choices) : null,
    references: takes.type === "REFERENCE" ? takes.to : null,
    item: takes.type === "LIST" ? tellItem(takes.of) : null,
    ...tellNested(takes),
  };
}

function tellItem(takes: Takes): ToldField {
  const plain = { name: "", description: "", required: true, default: null, defaultDescription: null };
  return { ...plain, ...tellTakes(takes) };
}

function tellChoices({ all, meanings }: Choices) {
  return all.map((name) => ({ name, description: meanings[name] ?? "" }));
}

function tellNested(takes: Takes): Pick<ToldField, "fields" | "kind"> {
  if (takes.type === "OBJECT") return { fields: tellFields(takes.struct().fields), kind: null };
  if (takes.type !== "ONE_OF") return { fields: null, kind: null };
  const union = takes.union();
  const kind = kindOfUnion(union);
  if (kind !== undefined) return { fields: null, kind };
  const fields = Object.entries(union.alternatives).map(([key, { doc, input, field }]): ToldField => {
    if (field !== undefined) return { ...tellField(key, field), required: false };
    return { ...tellItem({ type: "OBJECT", struct: () => input }), name: key, description: doc, required: false };
  });
  return { fields, kind: null };
}

function tellFields(fields: Fields): ToldField[] {
  return Object.entries(fields).map(([key, field]) => tellField(key, field));
}

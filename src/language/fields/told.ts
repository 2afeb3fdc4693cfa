import type { Bounds, Field, Takes } from "./field.js";
import { nameRule } from "./names.js";
import { count } from "./wording.js";

/**
 * A field's description: what it means, the range of its numbers, the rule of its text, and its default. A range follows the first sentence:
 * "Decay of the momentum; at least 0 and below 1. Default: 0.99."
 */
export function told(field: Field): string {
  if (field.isTold) return field.doc;
  const range = rangeOf(field.takes) ?? ruleOf(field.takes);
  const [, first = field.doc, rest = ""] = /^(.*?)\.( .*)?$/s.exec(field.doc) ?? [];
  const meaning =
    range === undefined ? field.doc : `${first === "" ? capitalized(range) : `${first}; ${range}`}.${rest}`;
  if (field.absent === undefined) return meaning;
  return [meaning, `Default: ${defaultWords(field.absent, field.takes)}.`].filter(Boolean).join(" ");
}

/** `1 to 65,536`, `at least 0 and below 1`, `1 to 8, or -1`, `any number`: the range of a number or of a list's numbers. */
export function rangeOf(takes: Takes): string | undefined {
  if (takes.type === "LIST") return rangeOf(takes.of);
  if (takes.type !== "NUMBER" && takes.type !== "INTEGER") return undefined;
  const range = rangeWords(takes.rule, takes.type);
  return takes.or === undefined ? range : `${range}, or ${takes.or}`;
}

function rangeWords({ min, max, above, below }: Bounds, type: "NUMBER" | "INTEGER"): string {
  const largest = type === "INTEGER" && max === 2 ** 31 - 1 ? undefined : max;
  if (min !== undefined && largest !== undefined) return `${count(min)} to ${count(largest)}`;
  const bounds = [
    min === undefined ? "" : `at least ${count(min)}`,
    above === undefined ? "" : `above ${count(above)}`,
    largest === undefined ? "" : `at most ${count(largest)}`,
    below === undefined ? "" : `below ${count(below)}`,
  ].filter(Boolean);
  return bounds.length === 0 ? "any number" : bounds.join(" and ");
}

/** `1 to 200 characters`, or what a name is made of. */
function ruleOf(takes: Takes): string | undefined {
  if (takes.type === "NAME") return nameRule(takes.kind);
  if (takes.type !== "TEXT") return undefined;
  return `${takes.min > 0 ? `${count(takes.min)} to` : "at most"} ${count(takes.max)} characters`;
}

/** What absence means, in words. */
export function defaultWords(absent: NonNullable<Field["absent"]>, takes: Takes): string {
  return "words" in absent ? absent.words : valueWords(absent.value, takes);
}

function valueWords(value: unknown, takes: Takes): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return "none";
    // GraphQL takes a single value for a list of one.
    if (value.length === 1) return valueWords(value[0], takes.type === "LIST" ? takes.of : takes);
    return `[${value.map(String).join(", ")}]`;
  }
  if (typeof value === "number") return count(value);
  if (typeof value === "string" && takes.type !== "CHOICE") return value === "" ? "empty" : `\`${value}\``;
  return String(value);
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

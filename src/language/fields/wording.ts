import { inexactDigits } from "./exact-integers.js";

const shownLength = 60;
const listedNames = 10;

/** A value as a message shows it: strings quoted and cut at 60 characters, lists and objects by their size alone. */
export function shown(value: unknown): string {
  if (typeof value === "string") {
    if (value.length <= shownLength) return JSON.stringify(value);
    return `${JSON.stringify(value.slice(0, shownLength))}… (${count(value.length)} characters)`;
  }
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${count(value.length)}`;
  if (typeof value === "object" && value !== null) return inexactDigits(value)?.slice(0, shownLength) ?? "an object";
  return String(value);
}

/** `a, b and c`, the first ten of a long list, each name cut at 60 characters. Takes as long for a list of any length. */
export function listed(names: ListOfNames, conjunction: "and" | "or" = "and"): string {
  const length = "size" in names ? names.size : names.length;
  const first: string[] = [];
  for (const name of "size" in names ? names.keys() : names) {
    if (first.length === listedNames) break;
    first.push(name.length > shownLength ? `${name.slice(0, shownLength)}…` : name);
  }
  if (length === 0) return "none";
  if (length > listedNames) return `${first.join(", ")} and ${count(length - listedNames)} more`;
  const last = first[length - 1];
  return length === 1 ? `${last}` : `${first.slice(0, -1).join(", ")} ${conjunction} ${last}`;
}

/** Names whose count is known without walking through them: a list, a set, or a map by name. */
type ListOfNames = readonly string[] | { readonly size: number; keys(): Iterable<string> };

/** A number with commas between its thousands. */
export function count(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? value.toLocaleString("en-US") : String(value);
}

/** `[28, 28, 1]`. */
export function shownShape(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

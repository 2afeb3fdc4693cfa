import { inexactDigits } from "../../language/fields/exact-integers.js";

/** A value of a file as text, as examples and problems show it. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return inexactDigits(value) ?? (typeof value === "object" ? JSON.stringify(value) : String(value));
}

import { inexactDigits } from "../../language/fields/exact-integers.js";
import { StoredImage, UnreadableCell } from "./cells.js";

/** A value of a file as text, as examples and problems show it. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof StoredImage) return value.name;
  if (value instanceof UnreadableCell) return value.given ?? "";
  return inexactDigits(value) ?? (typeof value === "object" ? JSON.stringify(value) : String(value));
}

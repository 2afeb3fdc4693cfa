import { createHash } from "node:crypto";

/**
 * A JSON text that depends on a value's meaning alone: keys sorted by UTF-16 code units, no white space, numbers as
 * ECMAScript writes them (RFC 8785). Negative zero is written as 0.
 *
 * Throws `TypeError`, naming the place, for whatever JSON cannot carry: undefined, NaN, infinities, bigints, functions,
 * symbols, and objects that are neither plain nor arrays (a Date or a Map would silently lose its content).
 */
export function canonicalJson(value: unknown): string {
  return write(value, "$");
}

/** `sha256:<hex>` of the canonical JSON in UTF-8. Equal for declarations of equal meaning, whatever their key order. */
export function digest(value: unknown): string {
  return `sha256:${createHash("sha256").update(canonicalJson(value), "utf8").digest("hex")}`;
}

function write(value: unknown, path: string): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`${path} is ${value}, which JSON cannot carry`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    // Lists of categories may be long, and the path of each item costs more than the item.
    if (isAllText(value)) return JSON.stringify(value);
    // Not `map`: it would skip the holes of a sparse array.
    return `[${Array.from(value, (item, index) => write(item, `${path}[${index}]`)).join(",")}]`;
  }
  if (typeof value === "object" && isPlain(value)) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${write(item, `${path}.${key}`)}`).join(",")}}`;
  }
  throw new TypeError(`${path} is ${typeof value === "object" ? "not a plain object" : typeof value}`);
}

function isAllText(items: readonly unknown[]): boolean {
  // By index: `every` would skip the holes of a sparse array.
  for (let index = 0; index < items.length; index++) if (typeof items[index] !== "string") return false;
  return true;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/**
 * The digest of a request. Absent fields and null are the same, and so are plain objects and instances of the classes of
 * GraphQL inputs.
 */
export function digestOfRequest(request: unknown): string {
  return digest(JSON.parse(JSON.stringify(request, (_key, value: unknown) => value ?? undefined)));
}

import { inexactDigits } from "./exact-integers.js";
import { shown } from "./wording.js";

/** How deep JSON arguments may nest: far beyond any declaration, far below what recursion over them could bear. */
export const jsonLimits = { depth: 64 } as const;

/**
 * What is wrong with a value that is valid JSON but would hurt the code that handles it: `__proto__` keys, numbers beyond
 * all floats (which `JSON.parse` reads as infinity) and endless nesting. Undefined where nothing is.
 *
 * @param exact whether integers that 64-bit floats do not hold are refused too; otherwise who reads the numbers does that.
 */
export function jsonFault(value: unknown, exact = false, depth = 0): string | undefined {
  if (typeof value === "number" && !Number.isFinite(value)) return `made of finite numbers, not ${shown(value)}`;
  if (typeof value !== "object" || value === null) return undefined;
  if (depth === jsonLimits.depth) return `nested at most ${jsonLimits.depth} deep, not ${shown("a deeper value")}`;
  if (exact && inexactDigits(value) !== undefined)
    return `made of numbers that 64-bit floats hold, not ${shown(value)}`;
  if (Array.isArray(value)) {
    for (const child of value) {
      const fault = jsonFault(child, exact, depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  if (Object.hasOwn(value, "__proto__")) return `without \`__proto__\` keys, not ${shown("an object with one")}`;
  for (const key of Object.keys(value)) {
    const fault = jsonFault((value as Record<string, unknown>)[key], exact, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** `jsonFault` of a row: there, `__proto__` may be the name of a feature, and rows are read as maps. */
export function rowFault(row: object, exact = false): string | undefined {
  for (const key of Object.keys(row)) {
    const fault = jsonFault((row as Record<string, unknown>)[key], exact, 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

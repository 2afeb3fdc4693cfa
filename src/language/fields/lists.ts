import type { Field } from "./field.js";
import { readList } from "./fields.js";

type ListField<Declared, Resolved, Options> = Options extends { otherwise: string }
  ? Field<readonly Declared[], Resolved[] | null, false>
  : Field<readonly Declared[], Resolved[], Options extends { default: unknown } ? false : true>;

/**
 * A list of at most `max` entries, possibly of none unless `min` is 1. Optional with a `default`; with `otherwise` too, and
 * null then.
 */
export function list<
  Declared,
  Resolved,
  const Options extends {
    doc: string;
    min?: 0 | 1;
    max: number;
    default?: readonly NoInfer<Declared>[];
    otherwise?: string;
  },
>(item: Field<Declared, Resolved>, options: Options): ListField<Declared, Resolved, Options> {
  const { doc, min = 0, max, default: fallback, otherwise } = options;
  const noun = item.takes.type === "NUMBER" || item.takes.type === "INTEGER" ? "number" : "entry";
  const field: Field<readonly Declared[], Resolved[] | null> = {
    doc,
    takes: { type: "LIST", of: item.takes, min, max },
    required: otherwise === undefined && fallback === undefined,
    ...(fallback !== undefined && { absent: { value: fallback } }),
    ...(otherwise !== undefined && { absent: { words: otherwise } }),
    read(at, key, declared, beside) {
      const value = declared ?? fallback;
      if (otherwise !== undefined && (value === undefined || value === null)) return null;
      const entries = readList(at, key, value, max);
      if (Array.isArray(value) && value.length < min) at.add("EMPTY", `must hold at least one ${noun}.`, key);
      return entries.map((entry, index) => item.read(at.at(key), index, entry, beside));
    },
  };
  return field as ListField<Declared, Resolved, Options>;
}

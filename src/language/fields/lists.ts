import type { Field } from "./field.js";
import { readList } from "./fields.js";

type ListField<Declared, Resolved, Options> = Options extends { otherwise: string }
  ? Field<readonly Declared[], Resolved[] | null, false>
  : Field<readonly Declared[], Resolved[], true>;

/** A list of at most `max` entries, by default possibly of none. With `otherwise`, null where it is absent. */
export function list<
  Declared,
  Resolved,
  const Options extends { doc: string; min?: 0 | 1; max: number; otherwise?: string },
>(item: Field<Declared, Resolved>, options: Options): ListField<Declared, Resolved, Options> {
  const { doc, min = 0, max, otherwise } = options;
  const noun = item.takes.type === "NUMBER" || item.takes.type === "INTEGER" ? "number" : "entry";
  const field: Field<readonly Declared[], Resolved[] | null> = {
    doc,
    takes: { type: "LIST", of: item.takes, min, max },
    required: otherwise === undefined,
    ...(otherwise !== undefined && { absent: { words: otherwise } }),
    read(at, key, value, beside) {
      if (otherwise !== undefined && (value === undefined || value === null)) return null;
      const entries = readList(at, key, value, max);
      if (Array.isArray(value) && value.length < min) at.add("EMPTY", `must hold at least one ${noun}.`, key);
      return entries.map((entry, index) => item.read(at.at(key), index, entry, beside));
    },
  };
  return field as ListField<Declared, Resolved, Options>;
}

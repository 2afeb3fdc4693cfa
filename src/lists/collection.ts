import type { ObjectLiteral } from "typeorm";
import type { Combinators, Conditions } from "./filter.js";
import type { EntityClass } from "./loaders.js";
import type { OrderBy, Ordering, orderKinds } from "./order.js";

/** Rows of one table that clients page through: all of them, or those of one owner. */
export interface Collection<Row extends ObjectLiteral, Filter extends Combinators<Filter>, By extends OrderBy> {
  /** Names the list in cursors. */
  name: string;
  entity: EntityClass<Row>;
  /** The column that decides between rows of equal order: unique, at least within one owner. */
  tiebreak: string;
  conditions: Conditions<Filter>;
  /** The ordering asked for, or the list's own. */
  order(by: By | null | undefined): Ordering;
}

/** An `order` for lists ordered by plain columns. */
export function byColumns<Name extends string>(
  columns: Record<Name, { column: string; kind: keyof typeof orderKinds }>,
  otherwise: OrderBy<NoInfer<Name>>,
): (by: OrderBy<Name> | null | undefined) => Ordering {
  return (by) => {
    const { field, direction } = by ?? otherwise;
    const { column, kind } = columns[field];
    return { name: field, direction, kind, value: () => `t.${column}` };
  };
}

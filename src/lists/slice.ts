import type { ObjectLiteral } from "typeorm";
import { Parameters } from "../db/parameters.js";
import { readExtent } from "./arguments.js";
import { decodeCursor } from "./cursor.js";
import { compileFilter } from "./filter.js";
import type { ListArguments, Listing } from "./listing.js";
import type { EntityClass, Loaders } from "./loaders.js";
import { countRows, existOutside, type ListQuery, type Page, readPages } from "./page.js";

/** The rows of a list, before any filter. */
export interface ListRows<Row extends ObjectLiteral> {
  /** Names the list in cursors. */
  name: string;
  entity: EntityClass<Row>;
  /** The column that decides between rows of equal order: unique, at least within one owner. */
  tiebreak: string;
}

/** A stretch of a list. Each part is read when it is first asked for, together with the same part of its siblings. */
export interface Slice<Row> {
  page(): Promise<Page<Row>>;
  totalCount(): Promise<number>;
  hasNextPage(): Promise<boolean>;
  hasPreviousPage(): Promise<boolean>;
}

/** Whose rows: those with this id in this column. */
export interface Owner {
  column: string;
  id: string;
}

/**
 * The part of a list that a connection field's arguments ask for.
 *
 * @throws PlatformError BAD_INPUT or BAD_CURSOR, naming the argument, at once: also when only the count is selected.
 */
export function sliceOf<Row extends ObjectLiteral>(
  loaders: Loaders,
  list: ListRows<Row> & Pick<Listing, "fields" | "ordering">,
  args: ListArguments,
  owner?: Owner,
): Slice<Row> {
  const ordering = list.ordering(args.orderBy);
  const read = (argument: "after" | "before") => {
    const cursor = args[argument];
    return cursor == null ? undefined : decodeCursor(argument, cursor, list.name, ordering);
  };
  const filter = (parameters: Parameters) => compileFilter(args.filter, list.fields, parameters);
  filter(new Parameters());
  const query: ListQuery<Row> = {
    list,
    ownerColumn: owner?.column,
    filter,
    ordering,
    extent: readExtent(args),
    after: read("after"),
    before: read("before"),
  };

  const { db } = loaders;
  const name = JSON.stringify([list.name, owner?.column, args], nonFinite);
  const key = owner?.id ?? "";
  const outside = (side: "after" | "before") =>
    query[side] === undefined
      ? Promise.resolve(false)
      : loaders
          .batched<string, boolean>(`${side} ${name}`, (owners) => existOutside(db, query, side, owners))
          .load(key);
  const page = () =>
    loaders.batched<string, Page<Row>>(`page ${name}`, (owners) => readPages(db, query, owners)).load(key);
  return {
    page,
    totalCount: () =>
      loaders.batched<string, number>(`count ${name}`, (owners) => countRows(db, query, owners)).load(key),
    async hasNextPage() {
      return (!query.extent.fromEnd && (await page()).more) || outside("before");
    },
    async hasPreviousPage() {
      return (query.extent.fromEnd && (await page()).more) || outside("after");
    },
  };
}

/** JSON writes NaN and the infinities alike, and two fields that differ in them must not share a loader. */
function nonFinite(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

import { setImmediate as nextTurn } from "node:timers/promises";
import type { DataSource, ObjectLiteral } from "typeorm";
import { Parameters } from "../db/parameters.js";
import { turnIsOver } from "../event-loop.js";
import type { Extent } from "./arguments.js";
import { encodeCursor, type Position } from "./cursor.js";
import type { EntityClass } from "./loaders.js";
import { type Ordering, orderKinds } from "./order.js";

/** One connection field with its arguments, as it is asked of any number of owners at once. */
export interface ListQuery<Row extends ObjectLiteral> {
  list: { name: string; entity: EntityClass<Row>; tiebreak: string };
  /** The column that holds the owner's id; undefined for a list of the whole table. */
  ownerColumn?: string;
  /** Writes the filter's condition over the row `t`. */
  filter(parameters: Parameters): string;
  ordering: Ordering;
  extent: Extent;
  after?: Position;
  before?: Position;
}

export interface Page<Row> {
  edges: { node: Row; cursor: string }[];
  /** Whether the stretch between the cursors holds more rows than the page took. */
  more: boolean;
}

/** Maximum rows per statement, unless a single page has more. Reading them takes far less than a statement's timeout. */
const rowsPerStatement = 10_000;

/** The same page of many owners' lists in one statement, or in several consecutive ones if it would read too many rows. */
export async function readPages<Row extends ObjectLiteral>(
  db: DataSource,
  query: ListQuery<Row>,
  owners: readonly string[],
): Promise<Page<Row>[]> {
  const pages: Page<Row>[] = [];
  const step = Math.max(1, Math.floor(rowsPerStatement / (query.extent.size + 1)));
  for (let from = 0; from < owners.length; from += step)
    pages.push(...(await readTogether(db, query, owners.slice(from, from + step))));
  return pages;
}

/**
 * With LATERAL, each owner's list is read from the index and stops at its own limit. A window function would read all rows
 * of every owner first.
 */
async function readTogether<Row extends ObjectLiteral>(
  db: DataSource,
  query: ListQuery<Row>,
  owners: readonly string[],
): Promise<Page<Row>[]> {
  const { list, ordering, extent } = query;
  const metadata = db.getMetadata(list.entity);
  const parameters = new Parameters();
  const from = listOf(db, query, parameters, owners);
  const value = ordering.value(parameters);
  const between = [
    ...(query.after ? [place(query, query.after, ">", parameters)] : []),
    ...(query.before ? [place(query, query.before, "<", parameters)] : []),
  ];
  // The end of a list is read backwards, as the start of the reversed list.
  const direction = (ordering.direction === "ASC") !== extent.fromEnd ? "ASC" : "DESC";
  const columns = metadata.columns.map(({ databaseName }) => `t."${databaseName}"`).join(", ");
  const rows = await db.query<Record<string, unknown>[]>(
    `SELECT list.*, owner.index AS "~owner", ${orderKinds[ordering.kind].write('list."~value"')} AS "~cursor"
     FROM ${from.owners} CROSS JOIN LATERAL (
       SELECT ${columns}, ${value} AS "~value" FROM ${from.rows}${between.map((condition) => ` AND ${condition}`).join("")}
       ORDER BY ${value} ${direction}, t.${list.tiebreak} ${direction} LIMIT ${parameters.bind(extent.size + 1)}
     ) list
     ORDER BY "~owner", list."~value" ${direction}, list.${list.tiebreak} ${direction}`,
    parameters.values,
  );

  const pages = owners.map((): Page<Row> => ({ edges: [], more: false }));
  for (const row of rows) {
    if (turnIsOver()) await nextTurn();
    const page = pages[Number(row["~owner"]) - 1] as Page<Row>;
    if (page.edges.length === extent.size) {
      page.more = true;
      continue;
    }
    const node = metadata.create() as Row;
    for (const column of metadata.columns)
      column.setEntityValue(node, db.driver.prepareHydratedValue(row[column.databaseName], column));
    const position = { value: String(row["~cursor"]), id: String(row[list.tiebreak]) };
    page.edges.push({ node, cursor: encodeCursor(list.name, ordering, position) });
  }
  if (extent.fromEnd) for (const page of pages) page.edges.reverse();
  return pages;
}

/** How many rows each owner's list has in all, whatever the page. */
export async function countRows(
  db: DataSource,
  query: ListQuery<ObjectLiteral>,
  owners: readonly string[],
): Promise<number[]> {
  const parameters = new Parameters();
  const from = listOf(db, query, parameters, owners);
  const rows = await db.query<{ count: number }[]>(
    `SELECT (SELECT count(*)::int FROM ${from.rows}) AS count FROM ${from.owners} ORDER BY owner.index`,
    parameters.values,
  );
  return rows.map(({ count }) => count);
}

/** Whether each owner's list has rows at a cursor, or on the side of it that the page does not cover. */
export async function existOutside(
  db: DataSource,
  query: ListQuery<ObjectLiteral>,
  side: "after" | "before",
  owners: readonly string[],
): Promise<boolean[]> {
  const cursor = query[side];
  if (cursor === undefined) return owners.map(() => false);
  const parameters = new Parameters();
  const from = listOf(db, query, parameters, owners);
  const rows = await db.query<{ exists: boolean }[]>(
    `SELECT EXISTS (SELECT FROM ${from.rows} AND ${place(query, cursor, outside[side], parameters)}) AS exists
     FROM ${from.owners} ORDER BY owner.index`,
    parameters.values,
  );
  return rows.map(({ exists }) => exists);
}

/** The owners, numbered from 1, and the rows `t` of one owner's list; further conditions may be added with AND. */
function listOf(
  db: DataSource,
  { list, ownerColumn, filter }: ListQuery<ObjectLiteral>,
  parameters: Parameters,
  owners: readonly string[],
): { owners: string; rows: string } {
  const { tableName } = db.getMetadata(list.entity);
  const owned = ownerColumn === undefined ? "true" : `t.${ownerColumn} = owner.id`;
  return {
    owners: `unnest(${parameters.bind(owners)}::text[]) WITH ORDINALITY AS owner (id, index)`,
    rows: `"${tableName}" t WHERE ${owned} AND ${filter(parameters)}`,
  };
}

/** Where the rows are that a cursor excludes, including its own row. */
const outside = { after: "<=", before: ">=" } as const;

const reversed = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

/** The condition on a row's place in the order of the list, which may be that of its values or the reverse. */
function place(
  { list, ordering }: ListQuery<ObjectLiteral>,
  position: Position,
  comparison: keyof typeof reversed,
  parameters: Parameters,
): string {
  const value = ordering.value(parameters);
  const operator = ordering.direction === "ASC" ? comparison : reversed[comparison];
  const bound = orderKinds[ordering.kind].read(parameters.bind(position.value));
  return `(${value}, t.${list.tiebreak}) ${operator} (${bound}, ${parameters.bind(position.id)}::text)`;
}

import { PlatformError } from "../errors.js";
import { isStorable } from "./loaders.js";
import { type Ordering, orderKinds } from "./order.js";

/** A position in an ordered list: the row with this value and this id. */
export interface Position {
  /** As `orderKinds[…].write` wrote it. */
  value: string;
  /** Orders rows of equal value. */
  id: string;
}

const version = 1;

function label(collection: string, ordering: Ordering): string {
  return `${collection} ${ordering.name} ${ordering.direction}`;
}

/** A position as an opaque text for clients. It is valid only for the list and order that it came from. */
export function encodeCursor(collection: string, ordering: Ordering, { value, id }: Position): string {
  return Buffer.from(JSON.stringify([version, label(collection, ordering), value, id])).toString("base64url");
}

/**
 * Reads a cursor back.
 *
 * @throws PlatformError BAD_CURSOR, naming the argument, for anything that this list did not issue in this order.
 */
export function decodeCursor(argument: string, cursor: string, collection: string, ordering: Ordering): Position {
  const parts = /^[\w-]{1,4000}$/.test(cursor) ? parse(Buffer.from(cursor, "base64url").toString("utf8")) : undefined;
  if (parts === undefined) throw new PlatformError("BAD_CURSOR", `${argument}: this is not a cursor of a list`);
  const [from, value, id] = parts;
  if (from !== label(collection, ordering))
    throw new PlatformError("BAD_CURSOR", `${argument}: the cursor comes from another list or another order`);
  if (!orderKinds[ordering.kind].valid(value) || !isStorable(id))
    throw new PlatformError("BAD_CURSOR", `${argument}: this is not a cursor of a list`);
  return { value, id };
}

function parse(text: string): [string, string, string] | undefined {
  try {
    const parts: unknown = JSON.parse(text);
    if (!Array.isArray(parts) || parts.length !== 4 || parts[0] !== version) return undefined;
    const [, ...rest] = parts;
    return rest.every((part) => typeof part === "string") ? (rest as [string, string, string]) : undefined;
  } catch {
    return undefined;
  }
}

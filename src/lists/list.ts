import type { ObjectLiteral } from "typeorm";
import { Connection } from "./connection.js";
import type { Listing } from "./listing.js";
import type { EntityClass } from "./loaders.js";
import type { ListRows } from "./slice.js";

/** Rows of one table that clients page through: all of them, or those of one owner. */
export interface List<Row extends ObjectLiteral> extends Listing, ListRows<Row> {
  /** The GraphQL type of a page. */
  Connection: ReturnType<typeof Connection<Row>>;
}

/** A list of an entity's rows, with the type `<entity>Connection`. */
export function list<Row extends ObjectLiteral>(
  entity: EntityClass<Row>,
  name: string,
  how: Listing,
  tiebreak = "id",
): List<Row> {
  return { name, entity, tiebreak, Connection: Connection<Row>(entity, entity.name), ...how };
}

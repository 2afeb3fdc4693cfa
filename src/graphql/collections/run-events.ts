import { RunEvent } from "../../entities/run-event.js";
import type { Collection } from "../../lists/collection.js";
import { Connection } from "../../lists/connection.js";
import type { Combinators } from "../../lists/filter.js";
import type { OrderBy } from "../../lists/order.js";

export const RunEventConnection = Connection(RunEvent, "RunEvent");

/** A log has one order, that in which it was written, and no filters. */
export const runEvents: Collection<RunEvent, Combinators<object>, OrderBy> = {
  name: "run events",
  entity: RunEvent,
  tiebreak: "run_id",
  conditions: {},
  order: () => ({ name: "SEQ", direction: "ASC", kind: "int", value: () => "t.seq" }),
};

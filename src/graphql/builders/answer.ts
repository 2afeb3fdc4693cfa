import type { Outcome } from "../../db/transaction.js";
import type { Payload } from "../payloads/problem.js";

/** A mutation's outcome as its payload, whose fields carry the names of the result's. */
export function answer<Result extends object, Answer extends Payload>(
  PayloadClass: new () => Answer,
  { problems, result }: Outcome<Result>,
): Answer {
  return Object.assign(new PayloadClass(), { problems }, result);
}

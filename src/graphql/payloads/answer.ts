import type { Outcome } from "../../db/transaction.js";
import type { DeclarationPayload } from "./declarations.js";
import type { Payload } from "./problem.js";

/** A mutation's outcome as its payload, whose fields carry the names of the result's. */
export function answer<Result extends object, Answer extends Payload>(
  PayloadClass: new () => Answer,
  { problems, result }: Outcome<Result>,
): Answer {
  return Object.assign(new PayloadClass(), { problems }, result);
}

/** `answer` for a declaration: one with problems has changed nothing. */
export function answerDeclaration<Result extends { changed: boolean }, Answer extends DeclarationPayload>(
  PayloadClass: new () => Answer,
  outcome: Outcome<Result>,
): Answer {
  return Object.assign(answer(PayloadClass, outcome), { changed: outcome.result?.changed ?? false });
}

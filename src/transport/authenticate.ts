import type { IncomingMessage } from "node:http";
import type { KeyCheck, KeyRefusal } from "../auth/key-check.js";
import { type Actor, operator } from "../entities/actor.js";

/**
 * Who holds a key, or why it is refused. Today there is one key, the operator's; further keys are told apart here and
 * nowhere else.
 */
export function authenticate(
  keys: KeyCheck,
  authorization: unknown,
  remoteAddress: string | undefined,
): { actor: Actor; refusal?: undefined } | { refusal: KeyRefusal } {
  const refusal = keys.refuse(authorization, remoteAddress);
  return refusal ? { refusal } : { actor: operator };
}

const actors = new WeakMap<IncomingMessage, Actor>();

/** Notes who sent a request that has passed the key check. */
export function noteActor(request: IncomingMessage, actor: Actor): void {
  actors.set(request, actor);
}

/** Who sent a request. Only for those that have passed the key check. */
export function actorOf(request: IncomingMessage): Actor {
  const actor = actors.get(request);
  if (!actor) throw new Error("the request was not authenticated");
  return actor;
}

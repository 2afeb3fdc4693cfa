import { Arg, type ClassType, Root, Subscription } from "type-graphql";
import type { ObjectLiteral } from "typeorm";
import { findNamed } from "../../db/names.js";
import { PlatformError } from "../../errors.js";
import { shown } from "../../language/fields/wording.js";
import type { EntityClass } from "../../lists/loaders.js";
import type { EventLog } from "../../pubsub/event-log.js";
import { decodeLogCursor, encodeLogCursor } from "../../pubsub/log-cursor.js";
import { shareable } from "../../transport/shared-results.js";
import type { Context } from "../context/context.js";
import { type Relation, text } from "./fields.js";
import { addMethod } from "./method.js";
import { newResolver } from "./queries.js";

/** The argument `after` of every subscription to a log. */
export const afterOption = {
  nullable: true,
  description:
    "A `cursor` of this subscription to resume after; anything else is BAD_CURSOR. Default: from the beginning.",
};

/** The field `cursor` of the entries of a log, for the argument `after` of a subscription. */
export function cursorField<Event extends ObjectLiteral & { seq: number }>(
  log: EventLog<Event>,
  owner: keyof Event & string,
  subscription: string,
): Relation<Event> {
  return text(`Give it to \`${subscription}\` as \`after\` to resume after this entry.`, (event) =>
    encodeLogCursor(log.name, event[owner], event.seq),
  );
}

/**
 * The subscription `<noun>Events(<noun>)`: the history of what was declared under a name, each entry once and in order, for
 * ever. Errors: NOT_FOUND, BAD_CURSOR.
 */
export function historySubscription<Event extends ObjectLiteral & { seq: number }>(
  noun: string,
  owner: EntityClass<ObjectLiteral & { id: string; name: string }>,
  event: EntityClass<Event>,
  log: EventLog<Event>,
  { description, argument }: { description: string; argument: string },
): ClassType {
  async function subscribe({ args, context }: { args: Record<string, string>; context: Context }) {
    const { platform, session } = context;
    const name = args[noun] as string;
    const found = await findNamed(session.manager, owner, name);
    if (!found) throw new PlatformError("NOT_FOUND", `there is no ${noun} ${shown(name)}`);
    const head = await log.head(platform.db, found.id);
    const start = decodeLogCursor(args.after, log.name, found.id, head);
    return log.follow(platform, found.id, { start, head, share: shareable });
  }
  const resolver = newResolver();
  addMethod(
    resolver,
    `${noun}Events`,
    [Subscription(() => event, { subscribe: subscribe as never, description })],
    [Root(), Arg(noun, () => String, { description: argument }), Arg("after", () => String, afterOption)],
    (entry: Event) => entry,
  );
  return resolver;
}

import { Field, ObjectType, registerEnumType } from "type-graphql";
import { Column } from "typeorm";
import { enumOf } from "./enum.js";

export const actorKinds = ["OPERATOR", "POLICY", "WORKER", "SYSTEM"] as const;
export type ActorKind = (typeof actorKinds)[number];
const ActorKindEnum = enumOf(actorKinds);
registerEnumType(ActorKindEnum, {
  name: "ActorKind",
  description: "What kind of actor made a change.",
  valuesConfig: {
    OPERATOR: { description: "A client with the operator key." },
    POLICY: { description: "A retraining policy; `id` is the policy's id." },
    WORKER: { description: "A worker that executes a run; `id` is the worker's id." },
    SYSTEM: { description: "A server by itself, such as when it takes a run back from a lost worker." },
  },
});

@ObjectType({ description: "Who made a change." })
export class Actor {
  @Field(() => ActorKindEnum, { description: "What kind of actor it is." })
  kind!: ActorKind;

  @Field({ description: "Unique within the kind: `operator`, a policy's id, a worker's id, or `perennial`." })
  id!: string;
}

/** Everyone who holds the operator key. */
export const operator: Actor = { kind: "OPERATOR", id: "operator" };

/** A retraining policy. */
export const policy = (retrainingId: string): Actor => ({ kind: "POLICY", id: retrainingId });

/** The platform itself. Postgres's function `current_actor()` answers it where a transaction names no actor. */
export const system: Actor = { kind: "SYSTEM", id: "perennial" };

/** An actor as columns hold it, such as `POLICY:retraining_…`. */
export function writeActor({ kind, id }: Actor): string {
  return `${kind}:${id}`;
}

/** Reads what `writeActor` wrote; null stays null. */
export function readActor(text: string | null): Actor | null {
  if (text === null) return null;
  const colon = text.indexOf(":");
  return { kind: text.slice(0, colon) as ActorKind, id: text.slice(colon + 1) };
}

/**
 * A column `actor` with its GraphQL field. Inserts leave it out: its default is the actor of the transaction (see
 * `db/session.ts`), so a table needs only `actor text NOT NULL DEFAULT current_actor()`.
 *
 * @param nullable for tables with rows from before actors were recorded.
 */
export function ActorColumn(description: string, { nullable = false } = {}): PropertyDecorator {
  const column = Column("text", {
    ...{ name: "actor", nullable, insert: false },
    transformer: { to: (actor: Actor) => actor && writeActor(actor), from: readActor },
  });
  const field = Field(() => Actor, { nullable, description });
  return (prototype, property) => {
    column(prototype, property as string);
    (field as PropertyDecorator)(prototype, property);
  };
}

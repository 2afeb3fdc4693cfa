import { type DataSource, EntityManager } from "typeorm";
import { type Actor, operator, writeActor } from "../entities/actor.js";
import { Scope } from "./scope.js";

const sessions = new WeakMap<EntityManager, Session>();

/** The database as one actor uses it: rows that are written carry the actor, and names are looked up in the scope. */
export class Session {
  #manager: EntityManager | undefined;

  constructor(
    readonly db: DataSource,
    readonly actor: Actor = operator,
    readonly scope: Scope = new Scope(),
  ) {}

  /** For reads outside of a transaction, of which `sessionOf` knows the session too. */
  get manager(): EntityManager {
    if (!this.#manager) {
      this.#manager = this.db.createEntityManager();
      sessions.set(this.#manager, this);
    }
    return this.#manager;
  }
}

/** A session, or a bare connection, which stands for the operator's: for tests and benchmarks. */
export type Access = Session | DataSource;

/** The session of a connection or of a transaction; the operator's where none was opened for it. */
export function sessionOf(access: Access | EntityManager): Session {
  if (access instanceof Session) return access;
  if (access instanceof EntityManager) return sessions.get(access) ?? new Session(access.connection);
  return new Session(access);
}

/**
 * Makes a transaction one of the session: from here on, rows that it inserts carry the actor. The column's default
 * reads the setting, so that no statement can forget it.
 */
export async function enter(manager: EntityManager, session: Session): Promise<void> {
  sessions.set(manager, session);
  await setActor(manager, session.actor);
}

/** Runs a part of a transaction as another actor, such as the policy whose gate moves an alias. */
export async function asActor<Result>(
  manager: EntityManager,
  actor: Actor,
  body: () => Promise<Result>,
): Promise<Result> {
  const [before] = await manager.query<{ actor: string | null }[]>(
    "SELECT current_setting('perennial.actor', true) AS actor",
  );
  await setActor(manager, actor);
  const result = await body();
  // After an error the transaction is rolled back, and the setting with it.
  await manager.query("SELECT set_config('perennial.actor', $1, true)", [before?.actor ?? ""]);
  return result;
}

async function setActor(manager: EntityManager, actor: Actor): Promise<void> {
  await manager.query("SELECT set_config('perennial.actor', $1, true)", [writeActor(actor)]);
}

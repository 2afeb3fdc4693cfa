import { setTimeout as delay } from "node:timers/promises";
import type { EntityManager } from "typeorm";
import { writeActor } from "../entities/actor.js";
import { PlatformError } from "../errors.js";
import { digestOfRequest } from "../language/fields/canonical.js";
import { readText } from "../language/fields/fields.js";
import { Findings } from "../language/fields/findings.js";
import { limits } from "../language/fields/limits.js";
import type { Problem } from "../language/fields/problem.js";
import { isConnectionError } from "./connection-error.js";
import { type Access, enter, type Session, sessionOf } from "./session.js";

/** What a mutation came to: a result, or the problems for which nothing was stored. */
export type Outcome<Result> = { problems: Problem[]; result?: undefined } | { problems: []; result: Result };

/** Thrown inside a transaction to roll it back and answer with problems. */
export class Refused extends Error {
  constructor(readonly problems: Problem[]) {
    super(problems.map((problem) => `${problem.path}: ${problem.message}`).join("; "));
  }
}

/** Rolls the transaction back with one problem. */
export function refuse(path: string, code: Problem["code"], message: string): never {
  throw new Refused([{ path, code, message }]);
}

/** Postgres ended the transaction to keep it serial (40001) or to break a deadlock (40P01): nothing was stored, ask again. */
const retriable = new Set(["40001", "40P01"]);

/** Whether Postgres asks for the whole transaction once more. */
export function isRetriable(error: unknown): boolean {
  return retriable.has((error as { code?: string }).code ?? "");
}

/** How long a connection that was cut is made up for, and how often; whoever asks still waits for an answer. */
const reconnectMs = 3_000;
const pauseMs = 100;

/**
 * One transaction of a session, repeated when Postgres asks for it, and for a while when the connection is lost before COMMIT was
 * sent. A `Refused` becomes problems; anything else is thrown on.
 *
 * @param options.repeatable the body does nothing when it has been committed before: then it is repeated also where
 *   COMMIT was sent and its answer is lost.
 */
export async function transact<Result>(
  access: Access,
  body: (manager: EntityManager) => Promise<Result>,
  { repeatable = false }: { repeatable?: boolean } = {},
): Promise<Outcome<Result>> {
  const session = sessionOf(access);
  const deadline = performance.now() + reconnectMs;
  for (let tries = 1; ; tries++) {
    let committing = false;
    try {
      const result = await session.db.transaction(async (manager) => {
        await enter(manager, session);
        const answer = await body(manager);
        committing = true;
        return answer;
      });
      return { problems: [], result };
    } catch (error) {
      if (error instanceof Refused) return { problems: error.problems };
      if (tries < 5 && isRetriable(error)) continue;
      if (!isConnectionError(error) || (committing && !repeatable) || performance.now() > deadline) throw error;
      await delay(pauseMs);
    }
  }
}

export interface IdempotentRequest {
  /** The mutation's name. */
  operation: string;
  /** The caller's key; without one the mutation just runs. */
  key?: string | null;
  /** What was asked; the same key with another request is an error. */
  request: unknown;
  /** `digestOfRequest(request)` if it is known: for a large request it takes a while. */
  requestDigest?: string;
}

/**
 * `transact`, done once per actor and idempotency key: the second caller gets the first one's result, also when both came at once,
 * since the insert of the key waits for the transaction that holds it. A refused request keeps no key. Where the answer to
 * its COMMIT is lost, the key is asked what became of it.
 *
 * @throws PlatformError IDEMPOTENCY_KEY_REUSED when the key was used for a different request.
 */
export async function transactOnce<Result extends object>(
  access: Access,
  { operation, key, request, requestDigest: given }: IdempotentRequest,
  body: (manager: EntityManager) => Promise<Result>,
): Promise<Outcome<Result>> {
  const session = sessionOf(access);
  if (key == null) return transact(session, body);
  const problems = keyProblems(key);
  if (problems.length > 0) return { problems };
  const requestDigest = given ?? digestOfRequest(request);
  const once = async (manager: EntityManager): Promise<Result> => {
    const [inserted] = await manager.query<unknown[]>(
      `INSERT INTO idempotency_key (operation, key, request_digest, result) VALUES ($1, $2, $3, '{}')
       ON CONFLICT DO NOTHING RETURNING key`,
      [operation, key, requestDigest],
    );
    if (!inserted) return recall<Result>(manager, session, { operation, key }, requestDigest);
    const result = await body(manager);
    await manager.query(`UPDATE idempotency_key SET result = $4 WHERE ${thisKey}`, [
      ...keyOf(session, operation, key),
      JSON.stringify(result),
    ]);
    return result;
  };
  return transact(session, once, { repeatable: true });
}

/**
 * `transactOnce` for work that takes too long for a transaction and does no harm when it is done twice, as after a crash: the
 * key is asked before it and kept after it.
 *
 * @throws PlatformError IDEMPOTENCY_KEY_REUSED when the key was used for a different request.
 */
export async function workOnce<Result extends object>(
  access: Access,
  idempotent: IdempotentRequest,
  body: () => Promise<Result>,
): Promise<Outcome<Result>> {
  const { operation, key, request } = idempotent;
  if (key == null) return { problems: [], result: await body() };
  const problems = keyProblems(key);
  if (problems.length > 0) return { problems };
  const session = sessionOf(access);
  const { manager } = session;
  const [known] = await manager.query<unknown[]>(
    `SELECT key FROM idempotency_key WHERE ${thisKey}`,
    keyOf(session, operation, key),
  );
  if (known)
    return {
      problems: [],
      result: await recall<Result>(manager, session, { operation, key }, digestOfRequest(request)),
    };
  const result = await body();
  return transactOnce(session, idempotent, async () => result);
}

function keyProblems(key: string): Problem[] {
  const findings = Findings.start();
  readText(findings, "idempotencyKey", key, { min: 1, max: limits.idempotencyKeyLength });
  return findings.problems();
}

/** Keys are an actor's own: two actors may choose the same. */
const thisKey = "actor = $1 AND operation = $2 AND key = $3";
const keyOf = ({ actor }: Session, operation: string, key: string) => [writeActor(actor), operation, key];

async function recall<Result>(
  manager: EntityManager,
  session: Session,
  { operation, key }: { operation: string; key: string },
  requestDigest: string,
) {
  const [row] = await manager.query<{ request_digest: string; result: Result }[]>(
    `SELECT request_digest, result FROM idempotency_key WHERE ${thisKey}`,
    keyOf(session, operation, key),
  );
  if (row?.request_digest !== requestDigest)
    throw new PlatformError(
      "IDEMPOTENCY_KEY_REUSED",
      `idempotencyKey ${JSON.stringify(key)} was used before for a different ${operation}`,
    );
  return row.result;
}

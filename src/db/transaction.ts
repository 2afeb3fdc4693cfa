import { setTimeout as delay } from "node:timers/promises";
import type { DataSource, EntityManager, EntityTarget, FindOptionsWhere, ObjectLiteral } from "typeorm";
import { PlatformError } from "../errors.js";
import { digest } from "../spec/canonical.js";
import { readText } from "../spec/fields.js";
import { Findings } from "../spec/findings.js";
import { limits } from "../spec/limits.js";
import { declarationNamePattern } from "../spec/names.js";
import type { Problem } from "../spec/problem.js";
import { shown } from "../spec/wording.js";
import { isConnectionError } from "./connection-error.js";

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

/** What is wrong with a field that names something that is not there. */
export function unknownReference(field: string, name: string): Problem {
  return { path: field, code: "UNKNOWN_REFERENCE", message: `there is no ${field} ${shown(name)}.` };
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
 * One transaction, repeated when Postgres asks for it, and for a while when the connection is lost before COMMIT was
 * sent. A `Refused` becomes problems; anything else is thrown on.
 *
 * @param options.repeatable the body does nothing when it has been committed before: then it is repeated also where
 *   COMMIT was sent and its answer is lost.
 */
export async function transact<Result>(
  db: DataSource,
  body: (manager: EntityManager) => Promise<Result>,
  { repeatable = false }: { repeatable?: boolean } = {},
): Promise<Outcome<Result>> {
  const deadline = performance.now() + reconnectMs;
  for (let tries = 1; ; tries++) {
    let committing = false;
    try {
      const result = await db.transaction(async (manager) => {
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
  /** The canonical digest of `request`, where it is known: that of a large request takes a while. */
  digest?: string;
}

/**
 * `transact`, done once per idempotency key: the second caller gets the first one's result, also when both came at once,
 * since the insert of the key waits for the transaction that holds it. A refused request keeps no key. Where the answer to
 * its COMMIT is lost, the key is asked what became of it.
 *
 * @throws PlatformError IDEMPOTENCY_KEY_REUSED when the key was used for a different request.
 */
export async function transactOnce<Result extends object>(
  db: DataSource,
  { operation, key, request, digest: requestDigestGiven }: IdempotentRequest,
  body: (manager: EntityManager) => Promise<Result>,
): Promise<Outcome<Result>> {
  if (key == null) return transact(db, body);
  const problems = keyProblems(key);
  if (problems.length > 0) return { problems };
  const requestDigest = requestDigestGiven ?? digestOf(request);
  const once = async (manager: EntityManager): Promise<Result> => {
    const [inserted] = await manager.query<unknown[]>(
      `INSERT INTO idempotency_key (operation, key, request_digest, result) VALUES ($1, $2, $3, '{}')
       ON CONFLICT DO NOTHING RETURNING key`,
      [operation, key, requestDigest],
    );
    if (!inserted) return recall<Result>(manager, operation, key, requestDigest);
    const result = await body(manager);
    await manager.query("UPDATE idempotency_key SET result = $3 WHERE operation = $1 AND key = $2", [
      operation,
      key,
      JSON.stringify(result),
    ]);
    return result;
  };
  return transact(db, once, { repeatable: true });
}

/**
 * `transactOnce` for work that takes too long for a transaction and does no harm when it is done twice, as after a crash: the
 * key is asked before it and kept after it.
 *
 * @throws PlatformError IDEMPOTENCY_KEY_REUSED when the key was used for a different request.
 */
export async function workOnce<Result extends object>(
  db: DataSource,
  idempotent: IdempotentRequest,
  body: () => Promise<Result>,
): Promise<Outcome<Result>> {
  const { operation, key, request } = idempotent;
  if (key == null) return { problems: [], result: await body() };
  const problems = keyProblems(key);
  if (problems.length > 0) return { problems };
  const [known] = await db.query<unknown[]>("SELECT key FROM idempotency_key WHERE operation = $1 AND key = $2", [
    operation,
    key,
  ]);
  if (known) return { problems: [], result: await recall<Result>(db.manager, operation, key, digestOf(request)) };
  const result = await body();
  return transactOnce(db, idempotent, async () => result);
}

function keyProblems(key: string): Problem[] {
  const findings = Findings.start();
  readText(findings, "idempotencyKey", key, { min: 1, max: limits.idempotencyKeyLength });
  return findings.problems();
}

/**
 * Of what a request says: absent fields and null are the same, and so are plain objects and the instances of classes
 * that a GraphQL layer makes of its inputs.
 */
function digestOf(request: unknown): string {
  return digest(JSON.parse(JSON.stringify(request, (_key, value: unknown) => value ?? undefined)));
}

async function recall<Result>(manager: EntityManager, operation: string, key: string, requestDigest: string) {
  const [row] = await manager.query<{ request_digest: string; result: Result }[]>(
    "SELECT request_digest, result FROM idempotency_key WHERE operation = $1 AND key = $2",
    [operation, key],
  );
  if (row?.request_digest !== requestDigest)
    throw new PlatformError(
      "IDEMPOTENCY_KEY_REUSED",
      `idempotencyKey ${JSON.stringify(key)} was used before for a different ${operation}`,
    );
  return row.result;
}

/** Serialises transactions that declare the same thing; released at their end. */
export async function lockName(manager: EntityManager, kind: string, name: string): Promise<void> {
  await manager.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`${kind}:${name}`]);
}

/**
 * What was declared under a name, or null. A text that can be no name is not looked for: Postgres refuses some, such as
 * one with a NUL character.
 */
export async function findNamed<Declared extends ObjectLiteral & { name: string }>(
  manager: EntityManager,
  entity: EntityTarget<Declared>,
  name: string,
): Promise<Declared | null> {
  if (!declarationNamePattern.test(name)) return null;
  return manager.findOneBy(entity, { name } as FindOptionsWhere<Declared>);
}

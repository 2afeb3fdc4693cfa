import { isDeepStrictEqual } from "node:util";
import type { EntityManager, EntityTarget, QueryDeepPartialEntity } from "typeorm";
import { newId } from "../entities/identifier.js";
import { nouns } from "../entities/nouns.js";
import { findNamed, lockName } from "./names.js";
import { newestRevision, type Revision } from "./revisions.js";
import type { Access } from "./session.js";
import { type Outcome, transactOnce } from "./transaction.js";

/** The nouns that are declared under a name. */
export type DeclaredType = {
  [Type in keyof typeof nouns]: InstanceType<(typeof nouns)[Type]["entity"]> extends { name: string } ? Type : never;
}[keyof typeof nouns];

type RowOf<Type extends DeclaredType> = InstanceType<(typeof nouns)[Type]["entity"]>;
type Fields<Row> = Partial<Omit<Row, "id" | "name" | "actor" | "createdAt">>;

/** What a declaration stands for, with every default resolved. */
export interface Resolved<Type extends DeclaredType> {
  /** The row's fields beside its name. Where `digest` is among them, it alone decides whether they have changed. */
  fields: Fields<RowOf<Type>>;
  /** More fields, as JSON text. They go to Postgres as they are, and are not compared: `digest` must cover them. */
  json?: Partial<Record<keyof Fields<RowOf<Type>>, string>>;
  /** For nouns that keep their old declarations: the fields of this one. */
  revision?: { digest: string } & Record<string, unknown>;
}

export interface Declaring<Type extends DeclaredType> {
  name: string;
  idempotencyKey?: string | null;
  /** What was asked, for the idempotency key: by itself it must tell two declarations apart. */
  request: unknown;
  /** `digestOfRequest(request)` if it is known. */
  requestDigest?: string;
  /** @throws Refused with everything that is wrong with the declaration. */
  resolve(manager: EntityManager): Resolved<Type> | Promise<Resolved<Type>>;
  /** @throws Refused where what is declared already may not become this. */
  assertAllowed?(manager: EntityManager, id: string): Promise<void>;
  /** Called in the transaction after a change was stored: for events and hints. */
  onChange?(manager: EntityManager, id: string): Promise<void>;
}

/** The id under the name `<noun>Id`, such as `modelId`. */
export type DeclaredResult<Type extends DeclaredType> = { changed: boolean; revision: number } & Record<
  `${Uncapitalize<Type>}Id`,
  string
>;

/**
 * Declares something under its name, in one transaction: resolves it, locks the name, stores it where it differs from
 * what is declared already, and makes it the next revision where the noun keeps revisions. The same declaration again
 * changes nothing.
 */
export function declareNamed<Type extends DeclaredType>(
  access: Access,
  type: Type,
  { name, idempotencyKey: key, request, requestDigest, resolve, assertAllowed, onChange }: Declaring<Type>,
): Promise<Outcome<DeclaredResult<Type>>> {
  const entity = nouns[type].entity as unknown as EntityTarget<RowOf<Type>>;
  const idField = `${type[0]?.toLowerCase()}${type.slice(1)}Id`;
  return transactOnce(access, { operation: `declare${type}`, key, request, requestDigest }, async (manager) => {
    const { fields, json = {}, revision } = await resolve(manager);
    await lockName(manager, nouns[type].prefix, name);
    // The rest of the row may be many megabytes.
    const columns = digestIn(fields) === undefined ? undefined : ["id", "digest"];
    const existing = await findNamed(manager, entity, name, { columns });
    const id = existing?.id ?? newId(type);
    const differs = !existing || hasChanged(existing, fields);
    if (existing && differs) await assertAllowed?.(manager, id);
    const values = { ...fields, ...Object.fromEntries(Object.keys(json).map((field) => [field, () => `:${field}`])) };
    const query = manager.createQueryBuilder().setParameters(json);
    if (!existing)
      await query
        .insert()
        .into(entity)
        .values({ id, name, ...values } as never)
        .execute();
    else if (differs)
      await query
        .update(entity)
        .set({ ...values, actor: () => "current_actor()" } as never)
        .whereInIds(id)
        .execute();
    const revised = revision && (await revise(manager, type, { [idField]: id }, revision));
    const changed = differs || (revised?.changed ?? false);
    if (changed) await onChange?.(manager, id);
    return { changed, [idField]: id, ...(revised && { revision: revised.number }) } as DeclaredResult<Type>;
  });
}

const digestIn = (row: object) => (row as { digest?: string }).digest;

function hasChanged(existing: object, fields: object): boolean {
  if (digestIn(fields) !== undefined) return digestIn(existing) !== digestIn(fields);
  const before = existing as Record<string, unknown>;
  return Object.entries(fields).some(([field, value]) => !isDeepStrictEqual(before[field], value));
}

/**
 * Makes `revision` the newest one of its owner unless the newest has its digest already. The lock on the owner's name
 * keeps numbers without gaps.
 */
async function revise(
  manager: EntityManager,
  type: DeclaredType,
  owner: Record<string, string>,
  revision: NonNullable<Resolved<DeclaredType>["revision"]>,
): Promise<{ changed: boolean; number: number }> {
  const revisionType = `${type}Revision` as keyof typeof nouns;
  const entity = nouns[revisionType].entity as unknown as EntityTarget<Revision>;
  const newest = await newestRevision(manager, entity, owner);
  if (newest?.digest === revision.digest) return { changed: false, number: newest.number };
  const number = (newest?.number ?? 0) + 1;
  const row = { ...owner, ...revision, id: newId(revisionType), number };
  await manager.insert(entity, row as QueryDeepPartialEntity<Revision>);
  return { changed: true, number };
}

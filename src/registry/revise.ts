import type { EntityManager, EntityTarget, FindOptionsWhere, ObjectLiteral, QueryDeepPartialEntity } from "typeorm";
import { type NodeType, newId } from "../entities/identifier.js";

interface Revision extends ObjectLiteral {
  id: string;
  number: number;
  digest: string;
}

/**
 * Makes `revision` the newest one of its owner unless the newest already has its digest. The caller holds the lock on
 * the owner's name, so numbers have no gaps.
 */
export async function revise<Entity extends Revision>(
  manager: EntityManager,
  type: NodeType,
  entity: EntityTarget<Entity>,
  owner: FindOptionsWhere<Entity>,
  revision: Omit<Entity, "id" | "number" | "createdAt">,
): Promise<{ changed: boolean; revision: number }> {
  const newest = await newestRevision(manager, entity, owner);
  if (newest && newest.digest === revision.digest) return { changed: false, revision: newest.number };
  const number = (newest?.number ?? 0) + 1;
  await manager.insert(entity, {
    ...owner,
    ...revision,
    id: newId(type),
    number,
  } as unknown as QueryDeepPartialEntity<Entity>);
  return { changed: true, revision: number };
}

/** The newest revision, or the one with the given number; null when there is none. */
export function newestRevision<Entity extends Revision>(
  manager: EntityManager,
  entity: EntityTarget<Entity>,
  owner: FindOptionsWhere<Entity>,
  number?: number | null,
): Promise<Entity | null> {
  return manager
    .getRepository(entity)
    .createQueryBuilder("revision")
    .where(owner)
    .andWhere(number == null ? "true" : "revision.number = :number", { number })
    .orderBy("revision.number", "DESC")
    .limit(1)
    .getOne();
}

import type { EntityManager, EntityTarget, FindOptionsWhere, ObjectLiteral } from "typeorm";

/** One declaration of something that keeps its old ones: numbered 1, 2, 3 … within its owner. */
export interface Revision extends ObjectLiteral {
  id: string;
  number: number;
  /** Of the resolved declaration: equal declarations have equal digests. */
  digest: string;
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

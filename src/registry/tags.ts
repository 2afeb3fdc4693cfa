import { type EntityManager, Not } from "typeorm";
import type { Access } from "../db/session.js";
import { type Outcome, Refused, refuse, transactOnce } from "../db/transaction.js";
import { type ModelVersion, VersionTag } from "../entities/version.js";
import { readText } from "../language/fields/fields.js";
import { Findings } from "../language/fields/findings.js";
import { limits } from "../language/fields/limits.js";
import { count, shown } from "../language/fields/wording.js";
import { referencedVersion } from "./versions.js";

export interface TagDeclaration {
  version: string;
  key: string;
  /** Null removes the tag. */
  value?: string | null;
  idempotencyKey?: string | null;
}

/** Sets or removes one tag of a version. Tags are notes: they are the only part of a version that may change. */
export function tagVersion(access: Access, declaration: TagDeclaration): Promise<Outcome<{ versionId: string }>> {
  const { idempotencyKey, ...request } = declaration;
  return transactOnce(access, { operation: "tagVersion", key: idempotencyKey, request }, async (manager) => {
    const { key, value } = request;
    const findings = Findings.start();
    if (!/^[\w./-]+$/.test(key) || key.length > limits.tagKeyLength)
      findings.add(
        "BAD_NAME",
        `must have 1 to ${limits.tagKeyLength} of the characters A-Z a-z 0-9 _ . / -, got ${shown(key)}.`,
        "key",
      );
    readText(findings, "value", value ?? "", { min: 0, max: limits.tagLength });
    const problems = findings.problems();
    const version = await referencedVersion(manager, "version", request.version).catch((error: unknown) => {
      if (error instanceof Refused) problems.unshift(...error.problems);
      else throw error;
    });
    if (problems.length > 0 || !version) throw new Refused(problems);
    if (value == null) await manager.delete(VersionTag, { versionId: version.id, key });
    else {
      await assertRoom(manager, version, key);
      await manager.query(
        `INSERT INTO version_tag (version_id, key, value) VALUES ($1, $2, $3)
         ON CONFLICT (version_id, key) DO UPDATE SET value = excluded.value, actor = excluded.actor`,
        [version.id, key, value],
      );
    }
    return { versionId: version.id };
  });
}

/** A version's tags are answered whole. The lock on the version's row makes those who tag it at once count one after another. */
async function assertRoom(manager: EntityManager, version: ModelVersion, key: string): Promise<void> {
  await manager.query("SELECT FROM model_version WHERE id = $1 FOR NO KEY UPDATE", [version.id]);
  const others = await manager.countBy(VersionTag, { versionId: version.id, key: Not(key) });
  if (others < limits.tags) return;
  const message = `${version.ref} has ${count(others)} other tags, and at most ${count(limits.tags)} are allowed.`;
  refuse("key", "TOO_LONG", message);
}

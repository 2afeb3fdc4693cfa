import type { DataSource } from "typeorm";
import { type Outcome, Refused, transactOnce } from "../db/transaction.js";
import { VersionTag } from "../entities/version.js";
import { readText } from "../spec/fields.js";
import { Findings } from "../spec/findings.js";
import { shown } from "../spec/wording.js";
import { referencedVersion } from "./versions.js";

export interface TagDeclaration {
  version: string;
  key: string;
  /** Null removes the tag. */
  value?: string | null;
  idempotencyKey?: string | null;
}

/** Sets or removes one tag of a version. Tags are notes: they are the only part of a version that may change. */
export function tagVersion(db: DataSource, declaration: TagDeclaration): Promise<Outcome<{ versionId: string }>> {
  const { idempotencyKey, ...request } = declaration;
  return transactOnce(db, { operation: "tagVersion", key: idempotencyKey, request }, async (manager) => {
    const { key, value } = request;
    const findings = Findings.start();
    if (!/^[\w./-]{1,100}$/.test(key))
      findings.add("BAD_NAME", `must have 1 to 100 of the characters A-Z a-z 0-9 _ . / -, got ${shown(key)}.`, "key");
    readText(findings, "value", value ?? "", { min: 0, max: 1_000 });
    const problems = findings.problems();
    const version = await referencedVersion(manager, "version", request.version).catch((error: unknown) => {
      if (error instanceof Refused) problems.unshift(...error.problems);
      else throw error;
    });
    if (problems.length > 0 || !version) throw new Refused(problems);
    if (value == null) await manager.delete(VersionTag, { versionId: version.id, key });
    else await manager.upsert(VersionTag, { versionId: version.id, key, value }, ["versionId", "key"]);
    return { versionId: version.id };
  });
}

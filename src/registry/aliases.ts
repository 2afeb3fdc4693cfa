import { type EntityManager, Not } from "typeorm";
import { findNamed, unknownReference } from "../db/names.js";
import type { Access } from "../db/session.js";
import { type Outcome, Refused, refuse, transactOnce } from "../db/transaction.js";
import { Alias, type AliasMove } from "../entities/alias.js";
import { Model } from "../entities/model.js";
import { ModelVersion } from "../entities/version.js";
import { failpoint } from "../failpoint.js";
import { readText } from "../language/fields/fields.js";
import { Findings } from "../language/fields/findings.js";
import { limits } from "../language/fields/limits.js";
import { aliasNameProblem } from "../language/fields/names.js";
import type { Problem } from "../language/fields/problem.js";
import { count } from "../language/fields/wording.js";
import { recordModelEvent } from "./events.js";

export interface AliasDeclaration {
  model: string;
  alias: string;
  version: number;
  /** The version the caller believes the alias points to; 0: none. Absent: whatever it is. */
  expected?: number | null;
  reason?: string | null;
  idempotencyKey?: string | null;
}

/** Points an alias to a version. With `expected` it moves only if nobody else moved it meanwhile. */
export async function setAlias(
  access: Access,
  declaration: AliasDeclaration,
): Promise<Outcome<{ modelId: string; name: string }>> {
  const { idempotencyKey, ...request } = declaration;
  return transactOnce(access, { operation: "setAlias", key: idempotencyKey, request }, async (manager) => {
    const model = await lockModel(manager, request.model);
    const version = model && (await manager.findOneBy(ModelVersion, { modelId: model.id, number: request.version }));
    const problems = problemsOf(request);
    if (!model) problems.unshift(unknownReference("model", request.model));
    else if (!version) problems.push(unknownVersion(model, request.version));
    if (problems.length > 0 || !model || !version) throw new Refused(problems);
    await assertExpected(manager, model, request.alias, request.expected);
    await assertRoom(manager, model, request.alias);
    await moveAlias(manager, {
      modelId: model.id,
      name: request.alias,
      versionId: version.id,
      reason: request.reason ?? "set by hand",
    });
    return { modelId: model.id, name: request.alias };
  });
}

/** Removes an alias; its history stays. */
export async function deleteAlias(
  access: Access,
  declaration: Omit<AliasDeclaration, "version">,
): Promise<Outcome<{ modelId: string }>> {
  const { idempotencyKey, ...request } = declaration;
  return transactOnce(access, { operation: "deleteAlias", key: idempotencyKey, request }, async (manager) => {
    const model = await lockModel(manager, request.model);
    const problems = problemsOf(request);
    if (!model) problems.unshift(unknownReference("model", request.model));
    if (problems.length > 0 || !model) throw new Refused(problems);
    const alias = await manager.findOneBy(Alias, { modelId: model.id, name: request.alias });
    if (!alias) refuse("alias", "UNKNOWN_REFERENCE", `model ${model.name} has no alias ${request.alias}.`);
    await assertExpected(manager, model, request.alias, request.expected);
    const reason = request.reason ?? "deleted by hand";
    await manager.delete(Alias, { modelId: model.id, name: alias.name });
    await recordMove(manager, { ...alias, fromVersionId: alias.versionId, toVersionId: null, reason });
    await recordModelEvent(manager, {
      modelId: model.id,
      kind: "ALIAS_DELETED",
      versionId: alias.versionId,
      alias: alias.name,
      reason,
    });
    return { modelId: model.id };
  });
}

/**
 * Moves an alias within the caller's transaction, which holds the lock on the model's row.
 * A move to where it already points changes nothing.
 */
export async function moveAlias(
  manager: EntityManager,
  move: { modelId: string; name: string; versionId: string; reason: string; runId?: string },
): Promise<void> {
  const { modelId, name, versionId } = move;
  const current = await manager.findOneBy(Alias, { modelId, name });
  if (current?.versionId === versionId) return;
  failpoint("alias.move");
  await manager.query(
    `INSERT INTO alias (model_id, name, version_id) VALUES ($1, $2, $3)
     ON CONFLICT (model_id, name) DO UPDATE
     SET previous_version_id = alias.version_id, version_id = excluded.version_id, moved_at = now()`,
    [modelId, name, versionId],
  );
  await recordMove(manager, {
    modelId,
    name,
    fromVersionId: current?.versionId ?? null,
    toVersionId: versionId,
    reason: move.reason,
  });
  await recordModelEvent(manager, {
    modelId,
    kind: "ALIAS_MOVED",
    versionId,
    alias: name,
    reason: move.reason,
    runId: move.runId,
  });
}

/** The lock on the model's row is the one lock of its versions, aliases and events: whoever changes them waits here. */
function lockModel(manager: EntityManager, name: string): Promise<Model | null> {
  return findNamed(manager, Model, name, { lock: true });
}

/** What is wrong with the request in itself, whatever it names. */
function problemsOf({ alias, reason }: Pick<AliasDeclaration, "alias" | "reason">): Problem[] {
  const findings = Findings.start();
  readText(findings, "reason", reason ?? "", { min: 0, max: limits.reasonLength });
  const wrongName = aliasNameProblem(alias);
  return [...(wrongName ? [wrongName] : []), ...findings.problems()];
}

const unknownVersion = (model: Model, number: number): Problem => ({
  path: "version",
  code: "UNKNOWN_REFERENCE",
  message: `model ${model.name} has no version ${number}.`,
});

async function assertExpected(manager: EntityManager, model: Model, name: string, expected?: number | null) {
  if (expected == null) return;
  const alias = await manager.findOneBy(Alias, { modelId: model.id, name });
  const current = alias ? (await manager.findOneByOrFail(ModelVersion, { id: alias.versionId })).number : 0;
  if (current !== expected)
    refuse(
      "expected",
      "STALE",
      `alias ${name} points to ${current === 0 ? "no version" : `version ${current}`}, not ${expected}`,
    );
}

/** A model's aliases are answered whole. The caller holds the lock on the model's row. */
async function assertRoom(manager: EntityManager, model: Model, name: string): Promise<void> {
  const others = await manager.countBy(Alias, { modelId: model.id, name: Not(name) });
  if (others < limits.aliases) return;
  const message = `model ${model.name} has ${count(others)} other aliases, and at most ${count(limits.aliases)} are allowed.`;
  refuse("alias", "TOO_LONG", message);
}

async function recordMove(manager: EntityManager, move: Omit<AliasMove, "seq" | "at" | "actor">): Promise<void> {
  await manager.query(
    `INSERT INTO alias_move (model_id, name, seq, from_version_id, to_version_id, reason)
     SELECT $1, $2, 1 + coalesce(max(seq), 0), $3, $4, $5 FROM alias_move WHERE model_id = $1 AND name = $2`,
    [move.modelId, move.name, move.fromVersionId, move.toVersionId, move.reason],
  );
}

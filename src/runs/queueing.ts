import { type DataSource, type EntityManager, In } from "typeorm";
import { sessionOf } from "../db/session.js";
import { nodeTypeOf } from "../entities/identifier.js";
import { Run, type RunState } from "../entities/run.js";
import { readFields } from "../language/fields/field.js";
import { Findings } from "../language/fields/findings.js";
import { limits } from "../language/fields/limits.js";
import type { Problem, Resolution } from "../language/fields/problem.js";
import { count, shown } from "../language/fields/wording.js";
import { type Queueing, type QueueingDeclaration, queueingFields } from "../language/training/queueing.js";

export { defaultPriority, type QueueingDeclaration } from "../language/training/queueing.js";

/**
 * A run's place with its defaults. The runs that it depends on stay locked until the caller's transaction ends, so that none
 * of them ends unnoticed in between.
 */
export async function resolveQueueing(
  manager: EntityManager,
  declaration: QueueingDeclaration,
): Promise<Resolution<Queueing>> {
  const findings = Findings.start();
  const resolved: Queueing = {
    ...readFields(findings, queueingFields, {
      ...declaration,
      project: declaration.project ?? sessionOf(manager).scope.project,
    }),
    dependsOn: [...(declaration.dependsOn ?? [])],
  };
  if (resolved.dependsOn.length > limits.dependencies)
    findings.add(
      "TOO_LONG",
      `must name at most ${count(limits.dependencies)} runs, got ${count(resolved.dependsOn.length)}.`,
      "dependsOn",
    );
  else for (const problem of await dependencyProblems(manager, resolved.dependsOn)) addAt(findings, problem);
  return findings.resolution(resolved);
}

interface DependencyProblem extends Omit<Problem, "path"> {
  index: number;
}

const addAt = (findings: Findings, { index, code, message }: DependencyProblem) =>
  findings.at("dependsOn").add(code, message, index);

async function dependencyProblems(manager: EntityManager, ids: readonly string[]): Promise<DependencyProblem[]> {
  const states = await lockStates(manager, ids);
  return ids.flatMap((id, index): DependencyProblem[] => {
    const state = states.get(id);
    if (ids.indexOf(id) < index) return [{ index, code: "DUPLICATE", message: `${id} is named twice.` }];
    if (!state) return [{ index, code: "UNKNOWN_REFERENCE", message: `there is no run ${shown(id)}.` }];
    if (state !== "FAILED" && state !== "CANCELED") return [];
    return [{ index, code: "CONTRADICTION", message: `${id} is ${state}: this run could never start.` }];
  });
}

/** A share lock orders this against the end of each: whoever ends it either was first, or finds who depends on it. */
async function lockStates(manager: EntityManager, ids: readonly string[]): Promise<Map<string, RunState>> {
  const known = ids.filter((id) => nodeTypeOf(id) === "Run");
  if (known.length === 0) return new Map();
  const rows = await manager.query<{ id: string; state: RunState }[]>(
    "SELECT id, state FROM run WHERE id = ANY($1) ORDER BY id FOR SHARE",
    [known],
  );
  return new Map(rows.map(({ id, state }) => [id, state]));
}

/** Notes what a new run waits for; those that have SUCCEEDED are noted too, and waited for no more. */
export async function recordDependencies(
  manager: EntityManager,
  runId: string,
  dependsOn: readonly string[],
): Promise<void> {
  await manager.query(
    `WITH noted AS (
       INSERT INTO run_dependency (run_id, depends_on_id) SELECT $1, id FROM unnest($2::text[]) AS id)
     UPDATE run SET open_dependencies = (SELECT count(*) FROM run WHERE id = ANY($2) AND state <> 'SUCCEEDED')
     WHERE id = $1`,
    [runId, dependsOn],
  );
}

/** What a run depends on and has not ended, locked. */
export async function undecidedDependencies(manager: EntityManager, runId: string): Promise<string[]> {
  const rows = await manager.query<{ id: string }[]>(
    `SELECT id FROM run
     WHERE id IN (SELECT depends_on_id FROM run_dependency WHERE run_id = $1)
       AND state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELED')
     ORDER BY id FOR SHARE`,
    [runId],
  );
  return rows.map(({ id }) => id);
}

/** What each run depends on, oldest first. Two statements, whatever the number of runs. */
export async function dependenciesOf(db: DataSource, runIds: readonly string[]): Promise<Map<string, Run[]>> {
  const pairs = await db.query<{ run: string; dependsOn: string }[]>(
    `SELECT run_id AS run, depends_on_id AS "dependsOn" FROM run_dependency WHERE run_id = ANY($1)`,
    [runIds],
  );
  const order = { createdAt: "ASC", id: "ASC" } as const;
  const runs = await db.manager.find(Run, { where: { id: In(pairs.map(({ dependsOn }) => dependsOn)) }, order });
  const found = new Map(runs.map((run, index) => [run.id, index]));
  const dependencies = new Map<string, Run[]>();
  pairs.sort((a, b) => (found.get(a.dependsOn) ?? 0) - (found.get(b.dependsOn) ?? 0));
  for (const { run, dependsOn } of pairs) {
    const others = dependencies.get(run) ?? [];
    others.push(runs[found.get(dependsOn) as number] as Run);
    dependencies.set(run, others);
  }
  return dependencies;
}

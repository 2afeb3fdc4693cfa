import type { EntityManager } from "typeorm";
import type { Reproduction } from "../../entities/reproduction.js";
import { Run } from "../../entities/run.js";
import { RunEvent } from "../../entities/run-event.js";
import { ModelVersion } from "../../entities/version.js";
import { canonicalJson } from "../../language/fields/canonical.js";
import {
  describeDifferences,
  type EnvironmentDifference,
  environmentDifferences,
} from "../../language/training/environment.js";
import type { VersionContent } from "../../registry/versions.js";
import { recordRunEvent } from "../states/events.js";
import type { Purpose } from "./purpose.js";

/**
 * A training that repeats the one that made a version. It registers nothing. Its result is a verdict, `run.reproduction`:
 * SUCCEEDED says that the version could be trained again, the verdict says whether the weights are the same.
 */
export const reproduce: Purpose = {
  column: "reproducesVersionId",

  async assign() {
    return { gate: null, storesArtifacts: false };
  },

  async settle(manager, run, outcome) {
    const version = await manager.findOneByOrFail(ModelVersion, { id: run.reproducesVersionId as string });
    const reproduction = await judgeReproduction(manager, version, run.id, outcome.version);
    await manager.update(Run, run.id, { reproduction });
    const { agrees, reason } = reproduction;
    await recordRunEvent(manager, {
      ...{ runId: run.id, kind: agrees ? "REPRODUCED" : "NOT_REPRODUCED" },
      message: reason,
    });
    return `${agrees ? "reproduced" : "did not reproduce"} ${version.ref}`;
  },
};

async function judgeReproduction(
  manager: EntityManager,
  version: ModelVersion,
  runId: string,
  { digest, preprocessing }: Pick<VersionContent, "digest" | "preprocessing">,
): Promise<Reproduction> {
  const original = await manager.findOneByOrFail(Run, { id: version.runId });
  const differences = differencesBetween(original, await manager.findOneByOrFail(Run, { id: runId }));
  const sameDecision =
    canonicalJson(preprocessing.decision ?? {}) === canonicalJson(version.preprocessing.decision ?? {});
  const sameWeights = digest === version.digest;
  const verdict = { agrees: sameWeights && sameDecision, expectedDigest: version.digest, digest, differences };
  if (verdict.agrees) return { ...verdict, reason: `the weights are those of ${version.ref}, bit for bit` };

  const lost = sameWeights ? "threshold or temperature" : "the weights";
  const causes = differences.length > 0 ? [`computed with ${describeDifferences(differences)}`] : [];
  const kind = "ENVIRONMENT_CHANGED";
  if (await manager.existsBy(RunEvent, { runId: version.runId, kind }))
    causes.push(`the run that made ${version.ref} was resumed by something else than had begun it`);
  if (await manager.existsBy(RunEvent, { runId, kind }))
    causes.push("this run was resumed by something else than had begun it");
  const cause = causes.join("; ") || "nothing known differs in how they were computed";
  return { ...verdict, reason: `${lost} are not those of ${version.ref}: ${cause}` };
}

/** A GPU is part of the environment by its name; a CPU only by its instruction set. */
function differencesBetween(original: Run, run: Run): EnvironmentDifference[] {
  const differences =
    original.environment && run.environment ? environmentDifferences(original.environment, run.environment) : [];
  const nameOf = ({ device }: Run) => (device?.kind === "GPU" ? device.name : "CPU");
  if (nameOf(original) === nameOf(run)) return differences;
  return [...differences, { name: "device", expected: nameOf(original), actual: nameOf(run) }];
}

import { resolveOptimizer } from "../../src/language/algorithms/resolve-optimizer.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import { digest } from "../../src/language/fields/canonical.js";
import type { Resolution } from "../../src/language/fields/problem.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { resolveRetraining } from "../../src/language/retraining/resolve-retraining.js";
import { resolveTraining } from "../../src/language/training/resolve-training.js";
import type { Case, Kind } from "./corpus.js";

// biome-ignore lint/suspicious/noExplicitAny: the arguments were written to a file.
const resolvers: Record<Kind, (...args: any[]) => Resolution<object>> = {
  dataset: resolveDataset,
  model: resolveModel,
  optimizer: resolveOptimizer,
  training: resolveTraining,
  retraining: resolveRetraining,
};

/** The digest of what a declaration is resolved to; undefined where it has problems. */
export function digestOf({ kind, args }: Case): string | undefined {
  const { spec } = resolvers[kind](...args);
  if (spec === undefined) return undefined;
  // The semantics that a run is queued with are the release's, not the declaration's.
  const { semantics: _, ...declared } = spec as { semantics?: number };
  return digest(declared);
}

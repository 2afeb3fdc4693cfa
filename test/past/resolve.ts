import { digest } from "../../src/spec/canonical.js";
import type { Resolution } from "../../src/spec/problem.js";
import { resolveDataset } from "../../src/spec/resolve-dataset.js";
import { resolveModel } from "../../src/spec/resolve-model.js";
import { resolveOptimizer } from "../../src/spec/resolve-optimizer.js";
import { resolveRetraining } from "../../src/spec/resolve-retraining.js";
import { resolveTraining } from "../../src/spec/resolve-training.js";
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

import type { DataSource } from "typeorm";
import { lockName, type Outcome, transactOnce } from "../db/transaction.js";
import { newId } from "../entities/identifier.js";
import { Optimizer, OptimizerRevision } from "../entities/optimizer.js";
import type { OptimizerDeclaration } from "../language/algorithms/optimizer.js";
import { resolveOptimizer } from "../language/algorithms/resolve-optimizer.js";
import { digest } from "../language/fields/canonical.js";
import { revise } from "./revise.js";

/** Declares an optimizer. The same declaration again changes nothing; a different one is the next revision. */
export async function declareOptimizer(
  db: DataSource,
  declaration: OptimizerDeclaration & { idempotencyKey?: string | null },
): Promise<Outcome<{ changed: boolean; optimizerId: string; revision: number }>> {
  const { spec, problems } = resolveOptimizer(declaration);
  if (problems) return { problems };
  const { name } = declaration;
  const description = declaration.description ?? "";

  return transactOnce(
    db,
    { operation: "declareOptimizer", key: declaration.idempotencyKey, request: { name, description, spec } },
    async (manager) => {
      await lockName(manager, "optimizer", name);
      const existing = await manager.findOneBy(Optimizer, { name });
      const optimizerId = existing?.id ?? newId("Optimizer");
      if (!existing) await manager.insert(Optimizer, { id: optimizerId, name, description });
      else await manager.update(Optimizer, optimizerId, { description });
      const { changed, revision } = await revise(
        manager,
        "OptimizerRevision",
        OptimizerRevision,
        { optimizerId },
        { optimizerId, digest: digest(spec), spec },
      );
      return { changed: changed || existing?.description !== description, optimizerId, revision };
    },
  );
}

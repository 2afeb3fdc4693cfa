import { type DeclaredResult, declareNamed } from "../db/declare-named.js";
import type { Access } from "../db/session.js";
import type { Outcome } from "../db/transaction.js";
import type { OptimizerDeclaration } from "../language/algorithms/optimizer.js";
import { resolveOptimizer } from "../language/algorithms/resolve-optimizer.js";
import { digest } from "../language/fields/canonical.js";

/** Declares an optimizer. The same declaration again changes nothing; a different one is the next revision. */
export async function declareOptimizer(
  access: Access,
  { idempotencyKey, ...declaration }: OptimizerDeclaration & { idempotencyKey?: string | null },
): Promise<Outcome<DeclaredResult<"Optimizer">>> {
  const { spec, problems } = resolveOptimizer(declaration);
  if (problems) return { problems };
  const { name } = declaration;
  const description = declaration.description ?? "";
  return declareNamed(access, "Optimizer", {
    ...{ name, idempotencyKey, request: { name, description, spec } },
    resolve: () => ({ fields: { description }, revision: { digest: digest(spec), spec } }),
  });
}

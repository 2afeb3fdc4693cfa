import { type Request, type Response, Router } from "express";
import { PlatformError } from "../errors.js";
import { logged, unawaited } from "../guarded.js";
import type { Logger } from "../logger.js";

/** Whether queries, training and subscriptions all work; if not, why not. */
export interface Readiness {
  ready: boolean;
  reasons: string[];
}

/** How often `/health/ready` checks again, in milliseconds. */
export const readinessLimits = {
  /** How long an answer is reused. */
  freshFor: 1_000,
  /** How long the answer "not ready" is reused: short, so that a client that waits for the start does not wait too long. */
  unreadyFreshFor: 250,
  /** How long the check may take; then the answer is "not ready". */
  deadline: 2_000,
} as const;

/** `/health/live`: the process answers. `/health/ready`: 200 when it is ready, else 503 with the reasons. No key needed. */
export function healthRoutes(readiness: () => Promise<Readiness>, logger: Logger): Router {
  const routes = Router();
  const check = sharedReadiness(readiness, logger);
  routes.get("/live", (_request, response) => {
    response.json({ live: true });
  });
  routes.get("/ready", async (_request: Request, response: Response) => {
    const state = await check();
    response.status(state.ready ? 200 : 503).json(state);
  });
  return routes;
}

/**
 * The check, shared by all requests that arrive while it runs or soon after. If it throws or takes too long, the server is
 * not ready. The reason is logged once until the server is ready again.
 */
export function sharedReadiness(
  readiness: () => Promise<Readiness>,
  logger: Logger,
  now = () => performance.now(),
): () => Promise<Readiness> {
  let known: { state: Readiness; until: number } | undefined;
  let underway: Promise<Readiness> | undefined;
  let failing = false;

  function fail(err: unknown): Readiness {
    if (!failing) logger.warn({ err }, "The readiness check failed");
    failing = true;
    const reason = "The readiness check failed; the server's log says why.";
    return { ready: false, reasons: [err instanceof PlatformError ? err.message : reason] };
  }

  function know(state: Readiness): Readiness {
    const { freshFor, unreadyFreshFor } = readinessLimits;
    known = { state, until: now() + (state.ready ? freshFor : unreadyFreshFor) };
    return state;
  }

  function start(): Promise<Readiness> {
    const answer = readiness().then((state) => {
      failing = false;
      return state;
    }, fail);
    // A check that hangs is not followed by another one: each would take a connection.
    const end = (state: Readiness) => {
      know(state);
      underway = undefined;
    };
    unawaited(answer.then(end), logged(logger, "The readiness check failed"));
    return withDeadline(answer, () => {
      const reasons = [`The readiness check has taken longer than ${readinessLimits.deadline} ms.`];
      return know({ ready: false, reasons });
    });
  }

  return async () => {
    if (known && now() < known.until) return known.state;
    underway ??= start();
    return underway;
  };
}

async function withDeadline<Value>(answer: Promise<Value>, late: () => Value): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<"LATE">((resolve) => {
    timer = setTimeout(() => resolve("LATE"), readinessLimits.deadline);
  });
  const first = await Promise.race([answer, tooLate]);
  clearTimeout(timer);
  return first === "LATE" ? late() : first;
}

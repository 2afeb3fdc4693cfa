import { type ExecutionResult, GraphQLError } from "graphql";
import type { Logger } from "../logger.js";
import { writtenEvent } from "./answer-text.js";
import type { Operation } from "./execute.js";

type Results = AsyncGenerator<ExecutionResult, void, void>;

/** Operations that may be open at once on one connection, whether a WebSocket or one event stream. */
export const maxOpenOperations = 2_000;

/** The operations of one connection. */
export interface OpenOperations {
  /** Reserves a place for the operation, which must then be run. Answers an error if no place is free. */
  admit(operation: Operation): readonly GraphQLError[] | undefined;
  /** Runs an operation that has a place, and frees the place when its last result has been taken. */
  run(operation: Operation): Promise<ExecutionResult | Results>;
}

/** Counts the operations of one connection against `max`. */
export function countOperations(
  run: (operation: Operation) => Promise<ExecutionResult | Results>,
  logger: Logger,
  max: number = maxOpenOperations,
): OpenOperations {
  const open = new Set<Operation>();
  const release = (operation: Operation) => {
    open.delete(operation);
  };
  return {
    admit(operation) {
      if (open.size < max) {
        open.add(operation);
        return undefined;
      }
      const message = `This connection has ${max} operations open, which is the limit.`;
      return [new GraphQLError(message, { extensions: { code: "LIMIT_EXCEEDED" } })];
    },
    async run(operation) {
      try {
        const result = await run(operation);
        if (Symbol.asyncIterator in result) return untilEnd(result, () => release(operation), logger);
        release(operation);
        return result;
      } catch (error) {
        release(operation);
        throw error;
      }
    },
  };
}

/** The same results, written; `onEnd` is called when they have ended for any reason. */
function untilEnd(results: Results, onEnd: () => void, logger: Logger): Results {
  return {
    ...results,
    async next() {
      try {
        const result = await results.next();
        if (!result.done) return { done: false, value: await writtenEvent(result.value) };
        onEnd();
        return result;
      } catch (error) {
        onEnd();
        throw error;
      }
    },
    /** Never rejects: the protocol libraries do not await it, and a rejection would end the process. */
    async return() {
      onEnd();
      try {
        await results.return();
      } catch (err) {
        logger.error({ err }, "A subscription did not end cleanly");
      }
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

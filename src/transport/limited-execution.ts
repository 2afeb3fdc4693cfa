import { type ExecutionArgs, type ExecutionResult, execute, type GraphQLError, type OperationTypeNode } from "graphql";
import { unawaited } from "../guarded.js";
import { admit, smallOperation } from "./admission.js";
import { attachMeter, createMeter } from "./metering.js";
import type { OperationCost } from "./operation-cost.js";

/** An execution of an operation whose cost has been found to be within the limits. */
export interface LimitedExecution extends ExecutionArgs {
  /** Made for this execution alone. */
  contextValue: object;
  type: OperationTypeNode | `${OperationTypeNode}`;
  cost: OperationCost;
  limits: AnswerLimits;
}

/** The limits of an answer. */
export type AnswerLimits = { [Limit in "seconds" | "maxAnswerBytes"]: number };

/** Answers of about this many bytes or more are written in pieces. */
const largeBytes = 256 * 1024;

/** An answer that is to be written in pieces. */
export interface LargeAnswer {
  maxBytes: number;
  /** What to answer instead if the text becomes larger than that. */
  tooLarge(): GraphQLError;
}

/** The key is the data of the answer, which stays the same object when its result is copied. */
const large = new WeakMap<object, LargeAnswer>();

/** Whether the data of an execution must be written in pieces. */
export function largeAnswer(data: unknown): LargeAnswer | undefined {
  return typeof data === "object" && data !== null ? large.get(data) : undefined;
}

/**
 * Executes a query, a mutation or one event of a subscription, for a schema that was given to `meterSchema`. An
 * execution that exceeds a limit ends at once and answers only that error, with `data: null`; it does not reject.
 */
export function executeLimited({ type, cost, limits, ...args }: LimitedExecution): Promise<ExecutionResult> {
  return new Promise((resolve, reject) => {
    let over = false;
    let giveBack = () => {};
    // It may be over before it is known what there is to give back.
    const release = () => {
      over = true;
      giveBack();
    };
    const meter = createMeter({
      type,
      seconds: Math.max(limits.seconds, cost.seconds),
      maxBytes: limits.maxAnswerBytes,
      onStop(error) {
        resolve({ errors: [error], data: null });
        release();
      },
    });
    attachMeter(args.contextValue, meter);
    const settle = (result: ExecutionResult) => {
      meter.end();
      release();
      if (result.data && (meter.bytes > largeBytes || cost.values > smallOperation))
        large.set(result.data, { maxBytes: limits.maxAnswerBytes, tooLarge: () => meter.tooLarge() });
      resolve(result);
    };
    const fail = (error: unknown) => {
      meter.end();
      release();
      reject(error);
    };
    const start = () => {
      try {
        const result = execute(args);
        if ("then" in result) unawaited(result.then(settle), fail);
        else settle(result);
      } catch (error) {
        fail(error);
      }
    };
    giveBack = admit({ type, values: cost.values }, start);
    if (over) giveBack();
  });
}

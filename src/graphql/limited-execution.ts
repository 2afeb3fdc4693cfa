import { type ExecutionArgs, type ExecutionResult, execute, type GraphQLError, type OperationTypeNode } from "graphql";
import { admit, smallOperation } from "./admission.js";
import { attachMeter, createMeter } from "./metering.js";
import type { OperationCost } from "./operation-cost.js";
import { operationLimits } from "./operation-limits.js";

/** An execution of an operation whose cost has been found to be within the limits. */
export interface LimitedExecution extends ExecutionArgs {
  /** Made for this execution alone. */
  contextValue: object;
  type: OperationTypeNode | `${OperationTypeNode}`;
  cost: OperationCost;
}

/** Answers with at least so many bytes, about, are written in pieces. */
const largeBytes = 256 * 1024;

/** Data that must be written in pieces, and the error to answer if the text becomes too large. */
const large = new WeakMap<object, () => GraphQLError>();

/** Of the data of a large answer: makes the error that takes its place if its text becomes too large. */
export function largeAnswer(data: unknown): (() => GraphQLError) | undefined {
  return typeof data === "object" && data !== null ? large.get(data) : undefined;
}

/**
 * Executes a query, a mutation or one event of a subscription, for a schema that was given to `meterSchema`. One that
 * comes over a limit is ended at once and answers that error alone, with `data: null`; it never rejects for that reason.
 */
export function executeLimited({ type, cost, ...args }: LimitedExecution): Promise<ExecutionResult> {
  return new Promise((resolve, reject) => {
    let release = () => {};
    const meter = createMeter({
      type,
      seconds: Math.max(operationLimits.seconds, cost.seconds),
      maxBytes: operationLimits.maxAnswerBytes,
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
        large.set(result.data, () => meter.tooLarge());
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
        if ("then" in result) result.then(settle, fail);
        else settle(result);
      } catch (error) {
        fail(error);
      }
    };
    release = admit(cost.values, start);
    // It may be over already.
    if (meter.stopped) release();
  });
}

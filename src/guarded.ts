/**
 * Node ends the process when a listener or a timer throws, and when nobody handles a rejected promise. Every callback
 * that the event loop calls therefore passes through `guarded`, and every promise that nobody awaits through `unawaited`.
 * `test/architecture/guarded.test.ts` finds those that do not.
 */

/** Hears of an error that nobody else handles. What it throws itself is dropped. */
export type Report<Args extends unknown[] = []> = (error: unknown, ...args: Args) => void;

/** The callback, with what it throws, or what its promise rejects with, given to `report` instead of to the event loop. */
export function guarded<Args extends unknown[]>(
  callback: (...args: Args) => unknown,
  report: Report<Args>,
): (...args: Args) => void {
  return (...args) => {
    try {
      const result = callback(...args);
      if (isPromise(result)) unawaited(result, (error) => report(error, ...args));
    } catch (error) {
      tell(report, error, args);
    }
  };
}

/** A promise whose result nobody awaits. */
export function unawaited(promise: PromiseLike<unknown>, report: Report): void {
  promise.then(undefined, (error) => tell(report, error, []));
}

/** Reports by a log line of level error. */
export function logged(logger: { error(fields: object, message: string): void }, message: string): Report {
  return (err) => logger.error({ err }, message);
}

/** Drops the error: where a failure changes nothing for anybody, and the comment beside it says why. */
export const dropped: Report = () => {};

function tell<Args extends unknown[]>(report: Report<Args>, error: unknown, args: Args): void {
  try {
    report(error, ...args);
  } catch {
    // Nothing is left to tell it to.
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

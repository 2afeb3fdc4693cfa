import { operationLimits } from "./operation-limits.js";

/** Operations that can answer no more values than this start at once. */
export const smallOperation = 20_000;

/** Values of large operations that may be under way at once, in the whole process: as many as one operation may have. */
const capacity = operationLimits.maxValues;

interface Waiting {
  values: number;
  start(): void;
}

const waiting: Waiting[] = [];
let underway = 0;

/**
 * Starts an operation when there is room for what it could answer: together, large operations must not need more memory
 * than the largest one. They start in the order in which they came.
 *
 * @returns gives the room back, or takes the operation out of the line; call it once the operation is over
 */
export function admit(values: number, start: () => void): () => void {
  if (values <= smallOperation) {
    start();
    return () => {};
  }
  const entry: Waiting = { values, start };
  waiting.push(entry);
  let over = false;
  const release = () => {
    if (over) return;
    over = true;
    const place = waiting.indexOf(entry);
    if (place >= 0) waiting.splice(place, 1);
    else underway -= values;
    startNext();
  };
  startNext();
  return release;
}

function startNext(): void {
  for (let next = waiting[0]; next && underway + next.values <= capacity; next = waiting[0]) {
    waiting.shift();
    underway += next.values;
    next.start();
  }
}

import type { OperationTypeNode } from "graphql";
import { operationLimits } from "./operation-limits.js";

/** Operations that can answer no more values than this are small: a query or a mutation starts at once. */
export const smallOperation = 20_000;

interface Waiting {
  values: number;
  start(): void;
}

/** Executions that start in the order in which they came, as long as there is room for what they could answer. */
interface Line {
  /** Values that may be under way at once, in the whole process. */
  capacity: number;
  waiting: Waiting[];
  underway: number;
  /** Whether executions are being started: one that is over at once must not start the next from within. */
  starting: boolean;
}

const createLine = (capacity: number): Line => ({ capacity, waiting: [], underway: 0, starting: false });

/** What an execution is, and how many values it can answer at most. */
export interface Admission {
  type: OperationTypeNode | `${OperationTypeNode}`;
  values: number;
}

/**
 * Starts an execution when there is room for it.
 *
 * @returns gives the room back, or takes the execution out of its line; call it once the execution is over
 */
export type Admit = (admission: Admission, start: () => void) => () => void;

/** The lines of one process. */
export function createAdmission(): Admit {
  // Together, large operations must not need more memory than the largest one.
  const large = createLine(operationLimits.maxValues);
  // Nor events of subscriptions, however many subscribers catch up at once: what is under way takes many times the memory
  // of the text that it becomes.
  const events = createLine(smallOperation);
  return ({ type, values }, start) => {
    if (values > smallOperation) return enter(large, { values, start });
    if (type === "subscription") return enter(events, { values, start });
    start();
    return () => {};
  };
}

export const admit = createAdmission();

function enter(line: Line, entry: Waiting): () => void {
  line.waiting.push(entry);
  let over = false;
  startNext(line);
  return () => {
    if (over) return;
    over = true;
    const place = line.waiting.indexOf(entry);
    if (place >= 0) line.waiting.splice(place, 1);
    else line.underway -= entry.values;
    startNext(line);
  };
}

function startNext(line: Line): void {
  const { waiting, capacity } = line;
  if (line.starting) return;
  line.starting = true;
  for (let next = waiting[0]; next && line.underway + next.values <= capacity; next = waiting[0]) {
    waiting.shift();
    line.underway += next.values;
    next.start();
  }
  line.starting = false;
}

import { setImmediate as nextTurn } from "node:timers/promises";
import { dropped, unawaited } from "./guarded.js";

/** How long work that could wait may keep everybody else waiting, in milliseconds. */
const turnMs = 5;

/** When such work began in this turn of the event loop; undefined: it has not. */
let began: number | undefined;

/**
 * Whether long work has had its share of this turn of the event loop: then it should await the next one. All of the process shares one clock, so that many
 * large operations together stay within one share.
 */
export function turnIsOver(): boolean {
  const now = performance.now();
  if (began !== undefined) return now - began > turnMs;
  began = now;
  setImmediate(() => {
    began = undefined;
  });
  return false;
}

/** What of one operation waits to be computed. */
interface Line {
  waiting: (() => void)[];
  /** How many of `waiting` have been let go. */
  gone: number;
  /** Called once nothing waits any more. */
  idle: (() => void)[];
  /** Whether the line is being served. */
  served: boolean;
}

const lines: Line[] = [];
let serving = false;

/** Serves the lines in turn, so that a small operation does not wait for all of a large one. */
async function serve(): Promise<void> {
  serving = true;
  for (let line = lines.shift(); line; line = lines.shift()) {
    line.waiting[line.gone++]?.();
    // What was let go is computed before this goes on.
    await undefined;
    if (turnIsOver()) await nextTurn();
    if (line.gone < line.waiting.length) lines.push(line);
    else release(line);
  }
  serving = false;
}

function release(line: Line): void {
  line.waiting = [];
  line.gone = 0;
  line.served = false;
  for (const call of line.idle.splice(0)) call();
}

/** Spreads the execution of one operation over turns of the event loop. */
export interface Pacer {
  /** The entries of a list, each as it is or as a promise that resolves in its turn. */
  entries<Item>(items: readonly Item[]): readonly (Item | Promise<Item>)[];
  /** A promise of the value that resolves in its turn. */
  inTurn<Value>(value: Value): Promise<Value>;
  /** Calls back when nothing waits: at once, unless something does. */
  whenIdle(callback: () => void): void;
  /** Forgets what waits: it will never be computed. */
  clear(): void;
}

/** Lists up to this length are computed in one go, if the turn has time left. */
const shortList = 32;

/** A pacer for one operation. */
export function createPacer(): Pacer {
  const line: Line = { waiting: [], gone: 0, idle: [], served: false };
  function waitingFor<Value>(value: Value): Promise<Value> {
    return new Promise((resolve) => line.waiting.push(() => resolve(value)));
  }
  function queue(): void {
    if (line.served) return;
    line.served = true;
    lines.push(line);
    // It calls functions that settle promises, and these do not throw.
    if (!serving) unawaited(serve(), dropped);
  }
  return {
    entries(items) {
      if (items.length <= shortList && !turnIsOver()) return items;
      const paced = items.map(waitingFor);
      queue();
      return paced;
    },
    inTurn(value) {
      const paced = waitingFor(value);
      queue();
      return paced;
    },
    whenIdle(callback) {
      if (line.served) line.idle.push(callback);
      else callback();
    },
    clear() {
      line.waiting = [];
      line.gone = 0;
      line.idle = [];
    },
  };
}

import type { Demand } from "./capacity.js";

/** A queued run as the scheduler sees it. */
export interface QueuedRun extends Demand {
  id: string;
  /** 1 to 99; lower goes first. */
  priority: number;
  project: string;
  /** When it was queued, on any clock on which older is less. */
  queuedAt: number;
}

/** Slots in use of each project, counted apart for each priority; see `shareKey`. */
export type Usage = ReadonlyMap<string, number>;

/** Whose slots are counted together. */
export const shareKey = ({ priority, project }: Pick<QueuedRun, "priority" | "project">): string =>
  `${priority} ${project}`;

/** The runs of one project and priority. */
interface Line {
  priority: number;
  share: number;
  runs: readonly QueuedRun[];
  next: number;
}

/** Oldest first; ids decide between equals, so that every worker comes to the same order. */
export function byAge(a: QueuedRun, b: QueuedRun): number {
  return a.queuedAt - b.queuedAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/**
 * Visits queued runs in the order in which they may start: by priority; among equals the project first that has the
 * fewest slots in use, counting what starts meanwhile (max-min fairness over slots, as Determined's fair share); then by
 * age.
 *
 * @param visit answers how many slots the run takes, 0 when it goes on waiting, or "STOP".
 */
export function visitInOrder(
  queue: readonly QueuedRun[],
  usage: Usage,
  visit: (run: QueuedRun) => number | "STOP",
): void {
  const lines = linesOf(queue, usage);
  // Last is next: taking the end of an array and inserting near it are cheap, also with thousands of projects.
  lines.sort((a, b) => compare(b, a));
  for (let line = lines.pop(); line; line = lines.pop()) {
    const taken = visit(head(line));
    if (taken === "STOP") return;
    line.share += taken;
    line.next += 1;
    if (line.next < line.runs.length) insert(lines, line);
  }
}

function linesOf(queue: readonly QueuedRun[], usage: Usage): Line[] {
  const groups = new Map<string, QueuedRun[]>();
  for (const run of queue) {
    const group = groups.get(shareKey(run));
    if (group) group.push(run);
    else groups.set(shareKey(run), [run]);
  }
  return [...groups].map(([key, runs]) => ({
    priority: (runs[0] as QueuedRun).priority,
    share: usage.get(key) ?? 0,
    runs: runs.sort(byAge),
    next: 0,
  }));
}

const head = (line: Line) => line.runs[line.next] as QueuedRun;

const compare = (a: Line, b: Line): number => a.priority - b.priority || a.share - b.share || byAge(head(a), head(b));

function insert(lines: Line[], line: Line): void {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(lines[middle] as Line, line) > 0) low = middle + 1;
    else high = middle;
  }
  lines.splice(low, 0, line);
}

import type { Demand } from "./capacity.js";

/** A queued run as the scheduler sees it. */
export interface QueuedRun extends Demand {
  id: string;
  /** 1 to 99; lower starts first. */
  priority: number;
  project: string;
  /** When it was queued, on any clock; less is earlier. */
  queuedAt: number;
}

/** Slots that each project uses at each priority, by `shareKey`. */
export type Usage = ReadonlyMap<string, number>;

/** The key under which slots are counted together. */
export const shareKey = ({ priority, project }: Pick<QueuedRun, "priority" | "project">): string =>
  `${priority} ${project}`;

/** The queued runs of one project at one priority. */
interface Line {
  priority: number;
  share: number;
  runs: readonly QueuedRun[];
  next: number;
}

/** Oldest first; ids decide between equals, so that every worker has the same order. */
export function byAge(a: QueuedRun, b: QueuedRun): number {
  return a.queuedAt - b.queuedAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/**
 * Visits queued runs in the order in which they may start: by priority; then the project first that uses the fewest slots,
 * including those that it takes during the visit (max-min fairness over slots, like Determined's fair share); then by age.
 *
 * @param visit returns how many slots the run takes, 0 if it goes on waiting, or "STOP".
 */
export function visitInOrder(
  queue: readonly QueuedRun[],
  usage: Usage,
  visit: (run: QueuedRun) => number | "STOP",
): void {
  const lines = linesOf(queue, usage);
  // The next line is the last element: removing and inserting near the end of an array is cheap, even with thousands of lines.
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

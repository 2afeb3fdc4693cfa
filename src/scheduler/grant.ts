import type { EntityManager } from "typeorm";
import type { RunDevice } from "../entities/device.js";
import type { Run } from "../entities/run.js";
import { recordStarts } from "../runs/state-writer.js";
import { bigint, rested, waiting } from "./candidates.js";
import type { Placement } from "./placement.js";
import type { QueuedRun } from "./rank.js";

/** Runs that may start in each other's place: of one line, with as many threads, and with no more memory than was granted. */
interface Kind extends Pick<QueuedRun, "priority" | "project" | "needs" | "threads"> {
  /** They need more memory than this, in bytes; a run that needs less is of another kind. */
  above: number;
  /** They need at most this much memory, in bytes. */
  upTo: number;
  places: Placement[];
}

/**
 * Locks as many runs of each kind as there are places for: the oldest that no other claim holds. Claims at the same time take
 * the next ones instead of waiting. The conditions are checked again under the lock, so no run is taken that has started
 * or was canceled meanwhile. Every run of a kind fits each of its places.
 */
const lockKinds = `
  SELECT locked.id, place.device, place.rank
  FROM (
    SELECT run.id, kind.number, row_number() OVER (PARTITION BY kind.number ORDER BY run.created_at, run.id) AS nth
    FROM unnest($3::int[], $4::text[], $5::text[], $6::int[], $7::bigint[], $8::bigint[], $9::int[]) WITH ORDINALITY
      AS kind (priority, project, needs, threads, above, up_to, count, number)
    CROSS JOIN LATERAL (
      SELECT id, created_at FROM run
      WHERE ${waiting} AND (priority, project, needs) = (kind.priority, kind.project, kind.needs)
        AND threads = kind.threads AND memory_bytes > kind.above AND memory_bytes <= kind.up_to AND ${rested}
      ORDER BY created_at, id LIMIT kind.count FOR NO KEY UPDATE SKIP LOCKED) run) locked
  JOIN unnest($10::int[], $11::int[], $12::int[], $13::jsonb[]) AS place (number, nth, rank, device) USING (number, nth)`;

/**
 * Starts runs like those that were placed, as many as can be had, in one statement.
 *
 * @param devices of the worker, by index.
 * @returns the runs as they are stored now, in order of their placements.
 */
export function startAlike(
  manager: EntityManager,
  placed: readonly Placement[],
  { workerId, devices, leaseSeconds }: { workerId: string; devices: readonly RunDevice[]; leaseSeconds: number },
): Promise<Run[]> {
  const kinds = kindsOf(placed);
  const places = kinds.flatMap((kind, number) =>
    kind.places.map((place, nth) => ({
      number: number + 1,
      nth: nth + 1,
      rank: placed.indexOf(place),
      index: place.index,
    })),
  );
  return recordStarts(manager, workerId, leaseSeconds, lockKinds, [
    kinds.map(({ priority }) => priority),
    kinds.map(({ project }) => project),
    kinds.map(({ needs }) => needs),
    kinds.map(({ threads }) => threads),
    kinds.map(({ above }) => above),
    kinds.map(({ upTo }) => bigint(upTo)),
    kinds.map(({ places }) => places.length),
    places.map(({ number }) => number),
    places.map(({ nth }) => nth),
    places.map(({ rank }) => rank),
    places.map(({ index }) => JSON.stringify(devices[index])),
  ]);
}

/** The kinds of these runs. Kinds do not overlap: otherwise a run could be locked for two of them. */
function kindsOf(placed: readonly Placement[]): Kind[] {
  const kinds: Kind[] = [];
  const newest = new Map<string, Kind>();
  for (const place of placed.toSorted((a, b) => a.run.memoryBytes - b.run.memoryBytes)) {
    const { priority, project, needs, threads, memoryBytes } = place.run;
    const key = `${priority} ${project} ${needs} ${threads}`;
    const known = newest.get(key);
    if (known?.upTo === memoryBytes) known.places.push(place);
    else {
      const above = known?.upTo ?? -1;
      const kind = { priority, project, needs, threads, above, upTo: memoryBytes, places: [place] };
      newest.set(key, kind);
      kinds.push(kind);
    }
  }
  return kinds;
}

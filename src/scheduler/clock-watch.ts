/** How far two clocks may drift apart between two looks without that being a jump. */
const toleranceMs = 1_500;

/**
 * Notices when the database's clock jumps, by comparing it with a clock of this process that only ever moves on. A process that
 * was itself stopped for a while sees the same as after a jump forward, and must be as careful.
 * Two jumps that undo each other between two looks are not noticed; what was granted in between, `watchLeases` notices.
 *
 * @returns given both clocks in milliseconds: by how much the database's has jumped since the last look; 0 for no jump.
 */
export function watchClock(): (databaseMs: number, ownMs: number) => number {
  let lead: number | undefined;
  return (databaseMs, ownMs) => {
    const before = lead;
    lead = databaseMs - ownMs;
    if (before === undefined || Math.abs(lead - before) <= toleranceMs) return 0;
    return lead - before;
  };
}

/** A lease that has run out, by the database's clock. */
export interface ExpiredLease {
  id: string;
  /** Which lease of its run it is: another one ends at another time. */
  expiresAt: string | number;
  overdueMs: number;
}

/**
 * Tells which expired leases may be taken. One that is overdue by more than the time since the last look was granted by a
 * clock that has jumped since, or else that look would have found it: its holder may be renewing it, and is given a whole
 * lease on a clock that only ever moves on.
 *
 * @returns given all leases that have run out, and that clock in milliseconds: the ids of those that may be taken.
 */
export function watchLeases(leaseMs: number): (expired: readonly ExpiredLease[], ownMs: number) => string[] {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let known = new Map<string, { expiresAt: string | number; dueAt: number }>();
  return (expired, ownMs) => {
    const plausibleMs = ownMs - lookedAt + toleranceMs;
    lookedAt = ownMs;
    known = new Map(
      expired.map(({ id, expiresAt, overdueMs }) => {
        const before = known.get(id);
        const dueAt = overdueMs <= plausibleMs ? ownMs : ownMs + leaseMs;
        return [id, before?.expiresAt === expiresAt ? before : { expiresAt, dueAt }];
      }),
    );
    return expired.map(({ id }) => id).filter((id) => (known.get(id)?.dueAt ?? 0) <= ownMs);
  };
}

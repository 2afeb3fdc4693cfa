/** How far two clocks may drift apart between two looks before it counts as a jump. */
const toleranceMs = 1_500;

/**
 * Notices when the database's clock jumps, by comparing it with a monotonic clock of this process. A process that was stopped for
 * a while sees the same as after a jump forward, and must be as careful. Two jumps between two looks that cancel out are
 * not noticed; `watchLeases` notices leases that were granted in between.
 *
 * @returns a function of both clocks in ms: by how much the database's clock has jumped since the last look; 0 for no jump.
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

/** A lease that has expired, by the database's clock. */
export interface ExpiredLease {
  id: string;
  /** Tells the lease from others of the same run, which expire at other times. */
  expiresAt: string | number;
  overdueMs: number;
}

/**
 * Tells which expired leases may be revoked. A lease that is overdue by more than the time since the last look was granted
 * before the clock jumped: otherwise that look would have found it. Its holder may still renew it, and gets one whole lease
 * on a monotonic clock.
 *
 * @returns a function of all expired leases and a monotonic clock in ms: the ids of the runs whose leases may be revoked.
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

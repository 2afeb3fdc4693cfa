/** How far two clocks may drift apart between two looks without that being a jump. */
const toleranceMs = 1_500;

/**
 * Notices when the database's clock jumps, by comparing it with a clock of this process that only ever moves on. A process that
 * was itself stopped for a while sees the same as after a jump forward, and must be as careful.
 * Two jumps that undo each other between two looks are not noticed.
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

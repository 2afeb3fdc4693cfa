import { PlatformError } from "../errors.js";

/** A place in a log as clients carry it: opaque, and good for that log of that owner alone. */
export function encodeLogCursor(log: string, ownerId: string, seq: number): string {
  return Buffer.from(`${log} ${ownerId} ${seq}`).toString("base64url");
}

/**
 * The `seq` after which a reader resumes: 0, the beginning, without a cursor.
 *
 * @param head `seq` of the newest entry there is
 * @throws PlatformError BAD_CURSOR for anything that this log of this owner did not issue.
 */
export function decodeLogCursor(cursor: string | null | undefined, log: string, ownerId: string, head: number): number {
  if (cursor === null || cursor === undefined) return 0;
  const text = cursor.length <= 200 ? Buffer.from(cursor, "base64url").toString() : "";
  const [, from, owner, digits] = /^([a-z-]+) (\S+) (0|[1-9]\d{0,9})$/.exec(text) ?? [];
  const seq = Number(digits);
  if (from === undefined || owner === undefined || encodeLogCursor(from, owner, seq) !== cursor)
    throw new PlatformError("BAD_CURSOR", "after: this is not a cursor of a subscription");
  if (from !== log || owner !== ownerId)
    throw new PlatformError("BAD_CURSOR", "after: the cursor comes from another subscription");
  if (seq > head) throw new PlatformError("BAD_CURSOR", "after: no entry with this cursor exists yet");
  return seq;
}

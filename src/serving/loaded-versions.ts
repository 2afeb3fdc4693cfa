import { PlatformError } from "../errors.js";
import { guarded, unawaited } from "../guarded.js";
import type { ServedVersionLimits } from "./limits.js";

/** How much memory a version needs, and how it is loaded. */
export interface Loadable<Version> {
  bytes: number;
  /** Reads the version; called when there is room for it. */
  read(): Promise<{ version: Version; load(): void }>;
}

/** A version in use: it stays loaded until it is released. */
export interface Use<Version> {
  version: Version;
  release(): void;
}

interface Entry<Version> {
  /** Requests that use it now. It is not unloaded before they have released it. */
  users: number;
  /** Undefined until there is room for it. */
  bytes: number | undefined;
  version: Promise<Version>;
}

/** The thread that had loaded a version has ended: load the version again. */
export class VersionLost extends Error {}

/**
 * Keeps the most recently used versions loaded, within limits of count and bytes. A version in use is never unloaded: if all
 * are in use, a request for another one waits, and later requests wait behind it.
 */
export class LoadedVersions<Version> {
  /** By id, the most recently used last. */
  private readonly entries = new Map<string, Entry<Version>>();
  /** The last of the requests that wait for room. */
  private lastInLine: Promise<void> | undefined;
  private released = () => {};

  constructor(
    private readonly limits: ServedVersionLimits,
    private readonly find: (versionId: string) => Promise<Loadable<Version>>,
    private readonly unload: (versionId: string) => void,
  ) {}

  /**
   * Loads a version, unless it is loaded, and keeps it until it is released.
   *
   * @throws PlatformError DEADLINE_EXCEEDED if there is no room in time; VersionLost; what loading it throws, after which the
   *   next request tries again.
   */
  async use(versionId: string): Promise<Use<Version>> {
    // A use of a loaded version would delay the requests that wait for room.
    if (this.lastInLine) await this.lastInLine.catch(() => {});
    const entry = this.entries.get(versionId) ?? this.open(versionId);
    this.entries.delete(versionId);
    this.entries.set(versionId, entry);
    entry.users++;
    let holds = true;
    const release = () => {
      if (!holds) return;
      holds = false;
      entry.users--;
      if (entry.users === 0) this.released();
    };
    try {
      return { version: await entry.version, release };
    } catch (error) {
      release();
      if (this.entries.get(versionId) === entry) this.entries.delete(versionId);
      throw error;
    }
  }

  /** Forgets every version, when the thread that had loaded them has ended. */
  clear(): void {
    this.entries.clear();
    this.released();
  }

  private open(versionId: string): Entry<Version> {
    const entry: Entry<Version> = { users: 0, bytes: undefined, version: Promise.reject(new VersionLost()) };
    entry.version.catch(() => {});
    entry.version = this.load(versionId, entry);
    return entry;
  }

  private async load(versionId: string, entry: Entry<Version>): Promise<Version> {
    const { bytes, read } = await this.find(versionId);
    const before = this.lastInLine;
    if (before || !this.makeRoom(entry, bytes)) await this.waitForRoom(before, entry, bytes);
    const { version, load } = await read();
    if (this.entries.get(versionId) !== entry) throw new VersionLost(`version ${versionId} was to be loaded`);
    load();
    return version;
  }

  private waitForRoom(before: Promise<void> | undefined, entry: Entry<Version>, bytes: number): Promise<void> {
    const waiting = (async () => {
      const deadline = performance.now() + this.limits.waitSeconds * 1_000;
      await before?.catch(() => {});
      while (!this.makeRoom(entry, bytes)) await this.nextRelease(deadline);
    })();
    this.lastInLine = waiting;
    const leave = () => {
      if (this.lastInLine === waiting) this.lastInLine = undefined;
    };
    unawaited(waiting.then(leave), leave);
    return waiting;
  }

  /** Unloads unused versions, the least recently used first, until there is room. Answers whether there is. */
  private makeRoom(entry: Entry<Version>, bytes: number): boolean {
    const loaded = [...this.entries].filter(([, { bytes }]) => bytes !== undefined);
    let count = loaded.length;
    let held = loaded.reduce((sum, [, { bytes = 0 }]) => sum + bytes, 0);
    const fits = () => count === 0 || (count < this.limits.count && held + bytes <= this.limits.bytes);
    for (const [versionId, other] of loaded) {
      if (fits()) break;
      if (other.users > 0) continue;
      this.entries.delete(versionId);
      this.unload(versionId);
      count--;
      held -= other.bytes ?? 0;
    }
    if (!fits()) return false;
    entry.bytes = bytes;
    return true;
  }

  /** Only the first of the waiting requests waits here. */
  private nextRelease(deadline: number): Promise<void> {
    const { count, waitSeconds } = this.limits;
    return new Promise((resolve, reject) => {
      const giveUp = guarded(() => {
        const message = `The request waited longer than ${waitSeconds} s for room to load its version: the versions in use have reached the limit of ${count} or the limit of memory.`;
        reject(new PlatformError("DEADLINE_EXCEEDED", message));
      }, reject);
      const timer = setTimeout(giveUp, Math.max(0, deadline - performance.now())).unref();
      this.released = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

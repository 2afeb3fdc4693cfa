import type { DataSource } from "typeorm";
import { isConnectionError } from "../../db/connection-error.js";
import type { Run } from "../../entities/run.js";
import { unawaited } from "../../guarded.js";
import { createReader } from "../../pubsub/reader.js";
import type { Wakeup, Wakeups } from "../../pubsub/wakeups.js";
import { ChangeLog } from "./change-log.js";
import { liveRuns, type RunSelection, type RunState, runChanges, selected } from "./run-changes.js";

/** A run is told of at most four times a second. */
const intervalMs = 250;
/** Covers a lost hint: the longest a committed change waits to be read. */
const pollMs = 1_000;

/** All who follow the runs of one selection. */
interface View {
  selection: RunSelection | null;
  followers: number;
  /** Wakes those who have had everything. */
  waiting: Set<() => void>;
  /** What they begin with, while it is being read. */
  beginning?: Promise<Beginning>;
  failure?: { error: unknown };
}

interface Beginning {
  states: RunState[];
  /** The change and the read after which this was read. */
  seq: number;
  read: number;
}

interface Follower {
  seq: number;
  isWaiting: boolean;
}

/** Runs as they change, read once for all who follow them on this server, whatever they select. */
interface RunFeed {
  /** First the runs that have not ended, then each one whenever it has changed. It begins with the first `next()`. */
  follow(selection: RunSelection | null): AsyncIterableIterator<Run>;
}

const feeds = new WeakMap<Wakeups, RunFeed>();

/**
 * The selected runs: first those that have not ended, oldest first, then each one whose state, attempt or progress has
 * changed. A follower that is slow gets the newest state of each run that has changed meanwhile.
 *
 * @param share called once with each run that goes to several followers; the same function in every call.
 */
export function followRuns(
  { db, wakeups }: { db: DataSource; wakeups: Wakeups },
  selection: RunSelection | null,
  share: (run: Run) => void,
): AsyncIterableIterator<Run> {
  let feed = feeds.get(wakeups);
  if (!feed) {
    const opened = createRunFeed(db, share, {
      openWakeup: () => wakeups.on({ every: "run" }, { every: "metrics" }),
      onIdle: () => {
        if (feeds.get(wakeups) === opened) feeds.delete(wakeups);
      },
    });
    feeds.set(wakeups, opened);
    feed = opened;
  }
  return feed.follow(selection);
}

interface FeedOptions {
  /** Called while anybody follows. */
  openWakeup: () => Wakeup;
  /** Called when the last follower is gone, or when reading failed: the feed is not to be used again. */
  onIdle: () => void;
}

function createRunFeed(db: DataSource, share: (run: Run) => void, { openWakeup, onIdle }: FeedOptions): RunFeed {
  const changes = runChanges(db);
  const views = new Map<string, View>();
  const followers = new Set<Follower>();
  const log = new ChangeLog<View>();
  let wakeup: Wakeup | undefined;
  let last: Promise<unknown> = Promise.resolve();

  /** Reads one after another, so that what followers begin with fits what they are told next. */
  function inOrder<Result>(read: () => Promise<Result>): Promise<Result> {
    const result = last.then(read);
    last = result.catch(() => {});
    return result;
  }

  async function read(): Promise<void> {
    const { states, accept } = await changes.read();
    const fits = await fittingViews(states);
    accept();
    log.beginRead();
    if (states.length === 0) return;
    for (const state of states) {
      share(state.run);
      log.add(state, fits(state.run.id));
    }
    log.forget([...followers].filter(({ isWaiting }) => !isWaiting).map(({ seq }) => seq));
    for (const view of log.newlyChanged()) wake(view);
  }

  async function fittingViews(states: readonly RunState[]): Promise<(id: string) => Set<View>> {
    if (states.length === 0) return () => new Set();
    const ids = states.map(({ run }) => run.id);
    const all = [...views.values()];
    const open = all.filter(({ selection }) => selection === null);
    const filtered = all.filter(({ selection }) => selection !== null);
    const sets = await selected(db, ids, selectionsOf(filtered)).catch((error: unknown) => {
      if (isConnectionError(error)) throw error;
      return separately(ids, filtered);
    });
    return (id) => new Set([...open, ...filtered.filter((_, index) => sets[index]?.has(id))]);
  }

  /** A selection that Postgres cannot answer fails those who gave it, and nobody else. */
  async function separately(ids: readonly string[], filtered: readonly View[]): Promise<ReadonlySet<string>[]> {
    const sets: ReadonlySet<string>[] = [];
    for (const view of filtered) {
      try {
        sets.push(...(await selected(db, ids, selectionsOf([view]))));
      } catch (error) {
        if (isConnectionError(error)) throw error;
        view.failure = { error };
        wake(view);
        sets.push(new Set());
      }
    }
    return sets;
  }

  function wake(view: View): void {
    const woken = [...view.waiting];
    view.waiting.clear();
    for (const each of woken) each();
  }

  async function lead(hints: Wakeup): Promise<void> {
    while (wakeup === hints) {
      const readAt = performance.now();
      const isRead = await inOrder(read).then(
        () => true,
        (error: unknown) => {
          if (isConnectionError(error)) return false;
          throw error;
        },
      );
      // While the database is away no hint tells when it is back.
      if (isRead && wakeup === hints) await hints.wait(pollMs);
      const pauseMs = isRead ? readAt + intervalMs - performance.now() : pollMs;
      if (pauseMs > 0 && wakeup === hints) await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
    }
  }

  function enter(view: View, follower: Follower): void {
    view.followers += 1;
    followers.add(follower);
    if (wakeup) return;
    const hints = openWakeup();
    wakeup = hints;
    unawaited(lead(hints), (error) => {
      onIdle();
      for (const each of views.values()) {
        each.failure = { error };
        wake(each);
      }
    });
  }

  function leave(key: string, view: View, follower: Follower): void {
    followers.delete(follower);
    view.followers -= 1;
    if (view.followers === 0) views.delete(key);
    if (followers.size > 0) return;
    wakeup?.close();
    wakeup = undefined;
    onIdle();
  }

  /** What those begin with who come at the same time: one read for all of them. */
  function begin(view: View): Promise<Beginning> {
    view.beginning ??= inOrder(async () => {
      // Before the first read nothing is known of what is told next.
      if (log.reads === 0) await read();
      view.beginning = undefined;
      const states = await liveRuns(db, view.selection);
      for (const { run } of states) share(run);
      return { states, seq: log.seq, read: log.reads };
    }).catch((error: unknown) => {
      view.beginning = undefined;
      throw error;
    });
    return view.beginning;
  }

  return {
    follow(selection) {
      return createReader<Run>((reader) => {
        const key = JSON.stringify(selection?.key ?? null);
        const follower: Follower = { seq: 0, isWaiting: false };
        let view: View = { selection, followers: 0, waiting: new Set() };
        let rest: Run[] = [];
        let seenAtFirst: Map<string, string> | undefined;
        let firstRead = 0;

        async function begun(): Promise<void> {
          const beginning = await begin(view).catch(async (error: unknown) => {
            if (!isConnectionError(error)) throw error;
            await new Promise((resolve) => setTimeout(resolve, pollMs).unref());
            return undefined;
          });
          if (reader.isOver) return;
          if (!beginning) return begun();
          rest = beginning.states.map(({ run }) => run).reverse();
          seenAtFirst = new Map(beginning.states.map(({ run, seen }) => [run.id, seen]));
          firstRead = beginning.read + 1;
          follower.seq = beginning.seq;
        }
        /** The next change to tell of, if there is one. */
        function nextChange(): Run | undefined {
          for (const change of log.after(follower.seq)) {
            follower.seq = change.seq;
            if (change.read > firstRead) seenAtFirst = undefined;
            const isKnown = seenAtFirst?.get(change.run.id) === change.seen;
            if (change.fits.has(view) && !change.superseded && !isKnown) return change.run;
          }
          return undefined;
        }

        return {
          async begin() {
            view = views.get(key) ?? view;
            views.set(key, view);
            enter(view, follower);
            await begun();
          },
          take() {
            const run = rest.pop() ?? nextChange();
            if (run) return { done: false, value: run };
            if (view.failure) throw view.failure.error;
            return undefined;
          },
          isReady: () => view.failure !== undefined || log.hasAfter(follower.seq),
          waiting: () => view.waiting,
          onWait: (isWaiting) => {
            follower.isWaiting = isWaiting;
          },
          end() {
            rest = [];
            leave(key, view, follower);
          },
        };
      });
    },
  };
}

const selectionsOf = (views: readonly View[]) => views.flatMap(({ selection }) => selection ?? []);

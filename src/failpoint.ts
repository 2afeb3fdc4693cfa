import { randomBytes } from "node:crypto";
import { appendFileSync, closeSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { PlatformError } from "./errors.js";

/**
 * The boundaries at which a process can be made to fail, each with what is about to happen or has just happened there.
 * A crash between any two of them must lose nothing: the sweep in `test/reliability` dies at every one.
 */
export const failpoints = {
  claim: "A queued run is about to be granted its lease, inside the transaction that claims it.",
  fork: "A worker is about to start a trainer process.",
  step: "A trainer is about to compute one optimizer step.",
  "metrics.before": "A worker is about to store a batch of metric points.",
  "metrics.after": "A batch of metric points is stored; its subscribers have not been told.",
  "put.before": "An object is about to be written.",
  "put.after": "The store has answered that an object is written; nothing refers to it yet.",
  delete: "An object is about to be deleted.",
  "commit.before": "Everything in a transaction is done but its COMMIT.",
  "commit.after": "A transaction is committed; its caller does not know yet.",
  upload: "The bytes of an upload are about to become its bytes, inside that transaction.",
  append: "A sealed segment is about to become a dataset's next version, inside that transaction.",
  "append.part": "A sealed segment is about to become a part of an open append, inside that transaction.",
  "checkpoint.record": "A stored checkpoint is about to become one of its run's, inside that transaction.",
  "version.register": "A trained version is about to be registered, inside the transaction that ends its run.",
  gate: "A challenger is about to be judged, inside the transaction that registers it.",
  "alias.move": "An alias is about to be moved, inside its transaction.",
  "retraining.start": "A due retraining is about to be queued, inside that transaction.",
  resume: "A trainer is about to read a checkpoint to go on from.",
  fault: "It is about to be decided what becomes of a run whose attempt failed, inside that transaction.",
  "give.back": "A worker that drains, or is asked to pause or preempt a run, is about to give it back.",
  reap: "Runs with an expired lease are about to go back to the queue, inside that transaction.",
  "lease.renew": "A worker is about to renew its leases.",
} as const;

export type Failpoint = keyof typeof failpoints;

/** One passage through a failpoint, as the ledger keeps it. */
export interface Passage {
  name: Failpoint;
  pid: number;
}

interface Trigger {
  name: string;
  passage: number;
  act(name: Failpoint): void;
}

/** How often each failpoint was passed, this passage included; `*` counts all of them. */
type Counts = Map<string, number>;

/** Takes a passage down and answers what it sets off. */
type Recorder = (name: Failpoint) => Trigger[];

/** Undefined while nothing is armed, which is all that a passage then costs. */
let pass: ((name: Failpoint) => void) | undefined;

/** Marks a boundary. It does nothing unless `armFailpoints` was told to make something happen here. */
export function failpoint(name: Failpoint): void {
  pass?.(name);
}

/**
 * Arms this process's failpoints as its environment says, once, before anything else runs. Answers what disarms them.
 *
 * `FAILPOINT=<name>:<n>[:<action>]`, several separated by commas: at the n-th passage of that name (or of any, where it
 * is `*`) the process does this: `kill` (default), SIGKILL to itself; `delay=<ms>`, its thread stands still; `throw`, an
 * unexpected error. `FAILPOINT_LEDGER=<file>` numbers the passages of all processes that name the file together, however
 * often they are started again, so that each n comes once. Without it every process counts for itself.
 *
 * @throws PlatformError BAD_INPUT naming what is wrong with either variable.
 */
export function armFailpoints(env: { FAILPOINT?: string; FAILPOINT_LEDGER?: string }): () => void {
  const triggers = readTriggers("FAILPOINT", env.FAILPOINT ?? "");
  const ledger = env.FAILPOINT_LEDGER ? openLedger(env.FAILPOINT_LEDGER, triggers) : undefined;
  const record = ledger?.record ?? (triggers.length > 0 ? countHere(triggers) : undefined);
  if (record)
    pass = (name) => {
      for (const trigger of record(name)) trigger.act(name);
    };
  return () => {
    pass = undefined;
    ledger?.close();
  };
}

/**
 * Arms all processes that share a ledger while they run: what it says (as in FAILPOINT) takes the place of what was armed
 * this way before, and counts passages from here on.
 *
 * @throws PlatformError BAD_INPUT naming what is wrong with it.
 */
export function armThroughLedger(path: string, text: string): void {
  readTriggers("FAILPOINT", text);
  const record = `${armed}${text}`.padEnd(recordBytes - 1);
  if (record.length >= recordBytes) throw new PlatformError("BAD_INPUT", "FAILPOINT: is too long for a ledger");
  appendFileSync(path, `${record}\n`);
}

function countHere(triggers: Trigger[]): Recorder {
  const counts: Counts = new Map();
  return (name) => {
    count(counts, name);
    return setOff(triggers, name, counts);
  };
}

function setOff(triggers: Trigger[], name: Failpoint, counts: Counts): Trigger[] {
  return triggers.filter(
    (trigger) => (trigger.name === "*" || trigger.name === name) && counts.get(trigger.name) === trigger.passage,
  );
}

function readTriggers(variable: string, text: string): Trigger[] {
  return text.split(",").flatMap((part) => (part.trim() ? [readTrigger(variable, part.trim())] : []));
}

function readTrigger(variable: string, text: string): Trigger {
  const [name = "", passage = "", action = "kill", ...rest] = text.split(":");
  const wrong = (reason: string) => new PlatformError("BAD_INPUT", `${variable}: ${JSON.stringify(text)} ${reason}`);
  if (name !== "*" && !Object.hasOwn(failpoints, name))
    throw wrong(`names no failpoint; there are *, ${Object.keys(failpoints).join(", ")}`);
  if (!/^[1-9]\d{0,8}$/.test(passage) || rest.length > 0)
    throw wrong("must be <name>:<n>[:<action>] with a whole number n of at least 1");
  const delay = /^delay=(\d{1,7})$/.exec(action)?.[1];
  if (delay === undefined && action !== "kill" && action !== "throw")
    throw wrong("has an action that is none of kill, throw and delay=<ms>");
  const act = (passed: Failpoint) => {
    if (action === "kill") process.kill(process.pid, "SIGKILL");
    if (action === "throw") throw new Error(`failpoint ${passed}, passage ${passage} of ${name}`);
    if (delay !== undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(delay));
  };
  return { name, passage: Number(passage), act };
}

function count(counts: Counts, name: string): void {
  for (const each of [name, "*"]) counts.set(each, (counts.get(each) ?? 0) + 1);
}

const recordBytes = 64;
const nameCharacters = 24;
/** Begins a record that arms; no failpoint's name does. */
const armed = "+";

/**
 * A file of records of one size: the name, the process and what tells this record from any other. Appending is atomic, so
 * the order of the records is the order of the passages; a process finds its number by reading up to its own record.
 */
function openLedger(path: string, triggers: Trigger[]): { record: Recorder; close(): void } {
  let file: number;
  try {
    file = openSync(path, "a+", 0o600);
  } catch (error) {
    throw new PlatformError("BAD_INPUT", `FAILPOINT_LEDGER: ${path} cannot be written: ${(error as Error).message}`);
  }
  const owner = randomBytes(6).toString("hex");
  const counts: Counts = new Map();
  const countsSinceArmed: Counts = new Map();
  let armedTriggers: Trigger[] = [];
  const record = Buffer.alloc(recordBytes);
  let serial = 0;
  let read = 0;
  return {
    record(name) {
      const place = `${String(process.pid).padStart(10)} ${owner} ${String(++serial).padStart(14)}`;
      const mine = `${name.padEnd(nameCharacters)} ${place}\n`;
      writeSync(file, mine);
      for (let text = ""; text !== mine; ) {
        if (readSync(file, record, 0, recordBytes, read) < recordBytes)
          throw new Error(`the ledger ${path} lost a record`);
        read += recordBytes;
        text = record.toString("latin1");
        if (text.startsWith(armed)) {
          armedTriggers = readTriggers("FAILPOINT_LEDGER", text.slice(armed.length));
          countsSinceArmed.clear();
          continue;
        }
        const passed = text.slice(0, nameCharacters).trimEnd();
        count(counts, passed);
        count(countsSinceArmed, passed);
      }
      return [...setOff(triggers, name, counts), ...setOff(armedTriggers, name, countsSinceArmed)];
    },
    close: () => closeSync(file),
  };
}

/** The passages in a ledger, in order; none where there is no such file. */
export function readLedger(path: string): Passage[] {
  let text = "";
  try {
    text = readFileSync(path, "latin1");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const records = text.match(new RegExp(`[^]{${recordBytes}}`, "g")) ?? [];
  return records.flatMap((record) =>
    record.startsWith(armed)
      ? []
      : [{ name: record.slice(0, nameCharacters).trimEnd() as Failpoint, pid: Number(record.slice(24, 35)) }],
  );
}

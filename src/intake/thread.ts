import { randomInt } from "node:crypto";
import { parentPort } from "node:worker_threads";
import { PlatformError } from "../errors.js";
import { decodeImageFiles } from "../features/image-files.js";
import { markInexactIntegers } from "../language/fields/exact-integers.js";
import { type Answer, serveThread } from "../threads/serve-thread.js";
import { countValues } from "./count-values.js";
import { readDataset } from "./dataset.js";
import { documentLength, faultOfRows, findRows } from "./park.js";
import { givenCategories, parkCategories } from "./park-categories.js";
import { compareStored, describeStored, leaksOfSegment, mergeStored, profileSegment } from "./profile.js";
import type { CallName, Calls, Parked, RowsOrHandle, ToThread } from "./protocol.js";
import { bordersOfAppend, partsOfSegment, readRows, strataOfSegment, timesOfSegment } from "./read-rows.js";
import { sealRows } from "./seal.js";

/** The thread's side of `intake.ts`: parses large bodies, keeps their rows, and makes segments of rows. */

const parked = new Map<number, unknown[]>();
/** The lists of categories of each body, by handle. */
const parkedLists = new Map<number, string[][]>();

type Handled<Name extends CallName> = Answer<Calls[Name]["result"]>;
type Handlers = { [Name in CallName]: (request: Calls[Name]["request"]) => Handled<Name> | Promise<Handled<Name>> };

const handlers: Handlers = {
  PARSE({ bytes, form }) {
    const text = markInexactIntegers(new TextDecoder(form.charset).decode(bytes));
    const body: unknown = JSON.parse(text);
    const queryCharacters = documentLength(body);
    const nothing = { text: "{}", parked: [], categories: undefined, queryCharacters, variableValues: 0 };
    if (queryCharacters > form.queryCharacters) return { result: nothing };
    const places = findRows(body, form.rowsAt);
    const variableValues = countValues(body, form.rowsAt);
    if (variableValues > form.variableValues) return { result: { ...nothing, variableValues } };
    const listsHandle = newHandle();
    const lists = parkCategories(body, listsHandle);
    const categories = lists.length === 0 ? undefined : listsHandle;
    if (categories !== undefined) parkedLists.set(categories, lists);
    if (places.length === 0) {
      const rest = categories === undefined ? text : JSON.stringify(body);
      return { result: { text: rest, parked: [], categories, queryCharacters, variableValues } };
    }
    const found = places.map(({ path, rows }): Parked => {
      const handle = newHandle();
      parked.set(handle, rows);
      remove(body, path);
      return { handle, path, rowCount: rows.length, fault: faultOfRows(rows) };
    });
    return { result: { text: JSON.stringify(body), parked: found, categories, queryCharacters, variableValues } };
  },

  ROWS: ({ handle, from, to }) => ({ result: rowsOf({ handle }).slice(from, to) }),

  async SEAL({ given, seal }) {
    const result = await sealRows(seal, rowsOf(given));
    const { segment } = result;
    if (!segment) return { result };
    const bytes = ownBytes(segment.bytes);
    return { result: { problems: [], segment: { ...segment, bytes } }, transfer: [bytes.buffer] };
  },

  async DECODE({ features, rows, left }) {
    const decoded = await decodeImageFiles(features, rows, left);
    const faults = rows.flatMap((_, row) =>
      features.flatMap(({ name }) => {
        const fault = decoded.faultOf(row, name);
        return fault === undefined ? [] : [[`${row} ${name}`, fault] as [string, typeof fault]];
      }),
    );
    return { result: { rows: decoded.rows, faults, left: decoded.left } };
  },

  DATASET: ({ declaration }) => ({ result: readDataset(givenCategories(declaration, listsOf)) }),

  PROFILE_SEGMENT: async ({ features, segment }) => ({ result: await profileSegment(features, segment) }),

  FIND_LEAKS: async ({ features, segment, target }) => ({ result: await leaksOfSegment(features, segment, target) }),

  MERGE_SKETCHES: ({ sketches }) => ({ result: mergeStored(sketches) }),

  DESCRIBE_SKETCH: ({ sketch }) => ({ result: describeStored(sketch) }),

  COMPARE_SKETCHES: ({ reference, current }) => ({ result: compareStored(reference, current) }),

  READ_ROWS: async ({ asked }) => ({ result: await readRows(asked) }),

  PARTS: async ({ asked }) => ({ result: await partsOfSegment(asked) }),

  STRATA: async ({ asked }) => ({ result: await strataOfSegment(asked) }),

  TIMES: async ({ asked }) => ({ result: await timesOfSegment(asked) }),

  BORDERS: ({ split, times, rowsBefore }) => ({ result: bordersOfAppend(split, times, rowsBefore) }),

  DROP({ handle }) {
    parked.delete(handle);
    parkedLists.delete(handle);
    return { result: null };
  },
};

function rowsOf(given: RowsOrHandle): unknown[] {
  if ("rows" in given) return given.rows;
  const rows = parked.get(given.handle);
  if (!rows) throw dropped("rows");
  return rows;
}

function listsOf(handle: number): string[][] {
  const lists = parkedLists.get(handle);
  if (!lists) throw dropped("categories");
  return lists;
}

const dropped = (what: string) =>
  new PlatformError("LIMIT_EXCEEDED", `The request's ${what} were kept waiting for too long; send them again.`);

/** A random handle: a handle of a thread that has ended means nothing to the next thread. */
const newHandle = () => randomInt(2 ** 47);

/** Removes the value at the path from the body. */
function remove(body: unknown, path: readonly string[]): void {
  let holder = body as Record<string, unknown>;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
  holder[path[path.length - 1] as string] = null;
}

/** The bytes in a buffer that holds nothing else, so that it can be transferred. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const isWhole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  return isWhole ? new Uint8Array(bytes.buffer as ArrayBuffer) : Uint8Array.from(bytes);
}

/** Translates the errors of the JSON parser: invalid JSON, and nesting that is too deep. */
function knownError(error: unknown): unknown {
  if (error instanceof SyntaxError) return new PlatformError("BAD_INPUT", error.message);
  const isDeep = error instanceof RangeError && error.message.includes("call stack");
  return isDeep ? new PlatformError("LIMIT_EXCEEDED", "The request is nested too deeply.") : error;
}

serveThread(parentPort, async (message: ToThread) => {
  try {
    // The type of a message chooses its handler, which the compiler cannot see.
    const handle = handlers[message.type] as (request: ToThread) => Handled<CallName> | Promise<Handled<CallName>>;
    return await handle(message);
  } catch (error) {
    throw knownError(error);
  }
});

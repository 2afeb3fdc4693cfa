import { randomInt } from "node:crypto";
import { parentPort, type TransferListItem } from "node:worker_threads";
import { PlatformError } from "../errors.js";
import { decodeImageFiles } from "../features/image-files.js";
import { markInexactIntegers } from "../spec/exact-integers.js";
import { readDataset } from "./dataset.js";
import { countValues, documentLength, faultOfRows, findRows, givenCategories, parkCategories } from "./park.js";
import type { CallName, Calls, FromThread, Parked, RowsOrHandle, ToThread } from "./protocol.js";
import { sealRows } from "./seal.js";

/** The thread's side of `intake.ts`: it parses large bodies, keeps their rows, and makes segments of rows. */

const parked = new Map<number, unknown[]>();
/** Lists of categories, by body. */
const parkedLists = new Map<number, string[][]>();

/** An answer, and what of it is handed over instead of copied. */
type Answer<Name extends CallName> = { answer: Calls[Name]["answer"]; transfer?: TransferListItem[] };
type Handlers = { [Name in CallName]: (request: Calls[Name]["request"]) => Answer<Name> | Promise<Answer<Name>> };

const handlers: Handlers = {
  PARSE({ bytes, form }) {
    const text = markInexactIntegers(new TextDecoder(form.charset).decode(bytes));
    const body: unknown = JSON.parse(text);
    const queryCharacters = documentLength(body);
    const nothing = { text: "{}", parked: [], categories: undefined, queryCharacters, variableValues: 0 };
    if (queryCharacters > form.queryCharacters) return { answer: nothing };
    const places = findRows(body, form.rowsAt);
    const handle = randomInt(2 ** 47);
    const lists = parkCategories(body, handle);
    const variableValues = countValues(body, form.rowsAt);
    if (variableValues > form.variableValues) return { answer: { ...nothing, variableValues } };
    const categories = lists.length === 0 ? undefined : handle;
    if (categories !== undefined) parkedLists.set(handle, lists);
    if (places.length === 0) {
      const rest = categories === undefined ? text : JSON.stringify(body);
      return { answer: { text: rest, parked: [], categories, queryCharacters, variableValues } };
    }
    const found = places.map(({ path, rows }): Parked => {
      // A thread that takes the place of one that died must not know the handles of that one.
      const handle = randomInt(2 ** 47);
      parked.set(handle, rows);
      remove(body, path);
      return { handle, path, rowCount: rows.length, fault: faultOfRows(rows) };
    });
    return { answer: { text: JSON.stringify(body), parked: found, categories, queryCharacters, variableValues } };
  },

  ROWS: ({ handle, from, to }) => ({ answer: rowsOf({ handle }).slice(from, to) }),

  async SEAL({ given, seal }) {
    const answer = await sealRows(seal, rowsOf(given));
    const { segment } = answer;
    if (!segment) return { answer };
    const bytes = ownBytes(segment.bytes);
    return { answer: { problems: [], segment: { ...segment, bytes } }, transfer: [bytes.buffer] };
  },

  async DECODE({ features, rows, left }) {
    const decoded = await decodeImageFiles(features, rows, left);
    const faults = rows.flatMap((_, row) =>
      features.flatMap(({ name }) => {
        const fault = decoded.faultOf(row, name);
        return fault === undefined ? [] : [[`${row} ${name}`, fault] as [string, typeof fault]];
      }),
    );
    return { answer: { rows: decoded.rows, faults, left: decoded.left } };
  },

  DATASET: ({ declaration }) => ({ answer: readDataset(givenCategories(declaration, listsOf)) }),

  DROP({ handle }) {
    parked.delete(handle);
    parkedLists.delete(handle);
    return { answer: null };
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

/** Takes what lies at the path out of the body. */
function remove(body: unknown, path: readonly string[]): void {
  let holder = body as Record<string, unknown>;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
  holder[path[path.length - 1] as string] = null;
}

/** Bytes whose buffer holds nothing else, so that it can be handed over. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const isWhole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
  return isWhole ? new Uint8Array(bytes.buffer as ArrayBuffer) : Uint8Array.from(bytes);
}

function errorOf(error: unknown): { code: string; message: string } {
  if (error instanceof PlatformError) return { code: error.code, message: error.message };
  if (error instanceof SyntaxError) return { code: "BAD_INPUT", message: error.message };
  const isDeep = error instanceof RangeError && error.message.includes("call stack");
  if (isDeep) return { code: "LIMIT_EXCEEDED", message: "The request is nested too deeply." };
  return { code: "INTERNAL", message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

parentPort?.on("message", async (message: ToThread) => {
  const { id } = message;
  try {
    // The request's type chooses the handler, which the compiler cannot follow from one to the other.
    const handle = handlers[message.type] as (request: ToThread) => Answer<CallName> | Promise<Answer<CallName>>;
    const { answer, transfer = [] } = await handle(message);
    parentPort?.postMessage({ id, answer } satisfies FromThread, transfer);
  } catch (error) {
    parentPort?.postMessage({ id, error: errorOf(error) } satisfies FromThread);
  }
});

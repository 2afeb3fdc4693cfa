import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ExecutionResult, FormattedExecutionResult } from "graphql";
import { turnIsOver } from "../event-loop.js";
import { type ErrorFormatter, formatResult } from "./error-format.js";
import { largeAnswer } from "./limited-execution.js";

/**
 * A result as JSON, `errors` first. A large one is written in pieces, so that others are served meanwhile; one that is
 * found to have too many bytes becomes the error that says so.
 */
export async function answerText(result: FormattedExecutionResult, format: ErrorFormatter): Promise<string> {
  const { data, errors, ...rest } = result;
  const large = largeAnswer(data);
  const before = errors ? { errors, ...rest } : rest;
  if (!large) return JSON.stringify(data === undefined ? before : { ...before, data });
  const text = await writeInPieces(data, large.maxBytes);
  if (text === undefined) return JSON.stringify({ errors: [format(large.tooLarge())], data: null });
  return withData(before, text);
}

function withData(before: object, text: string): string {
  const head = JSON.stringify(before);
  return head === "{}" ? `{"data":${text}}` : `${head.slice(0, -1)},"data":${text}}`;
}

/** The data of an event, written: what stands in a result instead of objects that are several times as large. */
class WrittenData {
  #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text; it is not kept, for the library keeps the result until its client has taken it. */
  take(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }
}

/** Subscribers that share a result share its text. */
const texts = new WeakMap<object, Promise<string | undefined>>();

/**
 * A result of a subscription whose data is written already, for `WrittenAnswers.present`. It waits as long as its client
 * is slow, and as text it is small.
 */
export async function writtenEvent(result: ExecutionResult): Promise<ExecutionResult> {
  const { data } = result;
  if (!data) return result;
  const large = largeAnswer(data);
  let written = texts.get(data);
  if (!written) {
    written = large ? writeInPieces(data, large.maxBytes) : Promise.resolve(JSON.stringify(data));
    texts.set(data, written);
  }
  const text = await written;
  if (large && text === undefined) return { errors: [large.tooLarge()], data: null };
  return { ...result, data: new WrittenData(text ?? "null") as unknown as Record<string, unknown> };
}

/** Characters that are put together before they are counted. */
const pieceLength = 64 * 1024;

/** One level of what is being written: what it holds, and how much of that is written. */
interface Level {
  keys: string[] | undefined;
  values: readonly unknown[];
  at: number;
}

/**
 * JSON of an execution's data; undefined as soon as it is found to have more than `maxBytes`. What the execution made
 * (arrays, and objects without a prototype) is walked through; leaves and objects of leaves are left to `JSON.stringify`.
 */
export async function writeInPieces(data: unknown, maxBytes: number): Promise<string | undefined> {
  const pieces: string[] = [];
  let piece = "";
  let bytes = 0;
  const levels: Level[] = [];
  const open = (value: unknown) => {
    const level = levelOf(value);
    if (level) {
      levels.push(level);
      piece += level.keys ? "{" : "[";
    } else piece += JSON.stringify(value) ?? "null";
  };
  open(data);
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    if (level.at === level.values.length) {
      piece += level.keys ? "}" : "]";
      levels.pop();
    } else {
      if (level.at > 0) piece += ",";
      if (level.keys) piece += `${JSON.stringify(level.keys[level.at])}:`;
      open(level.values[level.at++]);
    }
    if (piece.length < pieceLength) continue;
    bytes += Buffer.byteLength(piece);
    if (bytes > maxBytes) return undefined;
    pieces.push(piece);
    piece = "";
    if (turnIsOver()) await nextTurn();
  }
  return bytes + Buffer.byteLength(piece) > maxBytes ? undefined : pieces.join("") + piece;
}

/** What must be walked through; undefined for what `JSON.stringify` writes as a whole. */
function levelOf(value: unknown): Level | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return value.some(isLevel) ? { keys: undefined, values: value, at: 0 } : undefined;
  if (Object.getPrototypeOf(value) !== null) return undefined;
  const values = Object.values(value);
  return values.some(isLevel) ? { keys: Object.keys(value), values, at: 0 } : undefined;
}

const isLevel = (value: unknown) =>
  typeof value === "object" && value !== null && (Array.isArray(value) || Object.getPrototypeOf(value) === null);

/**
 * For libraries that write results as JSON themselves, in one go: a large result is written before, and a mark of a few
 * characters goes through the library in its place.
 */
export interface WrittenAnswers {
  /** What to give to the library: the formatted result, or a mark for it. */
  present(
    result: ExecutionResult,
    format: ErrorFormatter,
  ): FormattedExecutionResult | Promise<FormattedExecutionResult>;
  /** A message of the library with the result where its mark was. */
  complete(message: string): string;
}

/** The answers of one connection. */
export function createWrittenAnswers(): WrittenAnswers {
  const written = new Map<string, string>();
  const marked = (text: string) => {
    const mark = randomUUID();
    written.set(mark, text);
    return { data: mark } as unknown as FormattedExecutionResult;
  };
  return {
    present(result, format) {
      const { data, ...formatted } = formatResult(result, format) as FormattedExecutionResult;
      if (data instanceof WrittenData) return marked(withData(formatted, data.take()));
      if (!largeAnswer(data)) return data === undefined ? formatted : { ...formatted, data };
      return answerText({ ...formatted, data }, format).then(marked);
    },
    complete(message) {
      // A mark lies near the end of its message, behind what a client may have chosen as an id.
      const mark = written.size === 0 ? undefined : /\{"data":"([0-9a-f-]{36})"\}[}\s]*$/.exec(message)?.[1];
      const text = mark === undefined ? undefined : written.get(mark);
      if (mark === undefined || text === undefined) return message;
      written.delete(mark);
      return message.replace(`{"data":"${mark}"}`, () => text);
    },
  };
}

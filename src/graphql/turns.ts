import { setImmediate as nextTurn } from "node:timers/promises";

/** How long one request may keep the server's loop before others get a turn, in milliseconds. */
const turnMilliseconds = 10;

/** Lists shorter than this are completed and written at once. */
export const longList = 1_000;

/** How many values of a long list are completed or written at once. */
export const listPart = 250;

/** Gives others a turn, where the one that began with the last call of this kind has been long. */
export function createTurns(): () => Promise<void> | undefined {
  let began = performance.now();
  return () => {
    if (performance.now() - began <= turnMilliseconds) return undefined;
    return nextTurn().then(() => {
      began = performance.now();
    });
  };
}

/** Whether a value holds a list that is long enough to be written in turns, at most `depth` fields down. */
function holdsLongList(value: unknown, depth = 4): boolean {
  if (Array.isArray(value)) return value.length >= longList;
  if (typeof value !== "object" || value === null || depth === 0) return false;
  return Object.values(value).some((field) => holdsLongList(field, depth - 1));
}

/** `JSON.stringify` in parts, whose text is the whole. Values with long lists are written in turns. */
export async function jsonInTurns(value: object): Promise<string[]> {
  if (!holdsLongList(value)) return [JSON.stringify(value)];
  const parts: string[] = [];
  const turn = createTurns();
  for (const part of jsonParts(value)) {
    parts.push(part);
    await turn();
  }
  return parts;
}

function* jsonParts(value: unknown): Generator<string, void, undefined> {
  if (!holdsLongList(value)) return yield JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) {
    for (let start = 0; start < value.length; start += listPart) {
      const text = JSON.stringify(value.slice(start, start + listPart));
      yield `${start === 0 ? "[" : ","}${text.slice(1, -1)}`;
    }
    return yield "]";
  }
  let separator = "{";
  for (const [name, field] of Object.entries(value as object)) {
    if (field === undefined) continue;
    yield `${separator}${JSON.stringify(name)}:`;
    yield* jsonParts(field);
    separator = ",";
  }
  yield "}";
}

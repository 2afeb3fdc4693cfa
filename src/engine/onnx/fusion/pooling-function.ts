import { maxPool, type TiledPooling, windowsOf } from "../program/composite.js";
import type { Node } from "../program/model.js";
import { code, type FunctionCode } from "./webassembly.js";

const elementBytes = 4;
const vectorBytes = 16;
const vector = (number: number): number[] => code.vector(number);
const [and, andNot, equal, greater, maximum] = [vector(0x4e), vector(0x4f), vector(0x41), vector(0x44), vector(0xe9)];

const get = (index: number) => code.localGet(index);
const set = (index: number, value: number[]) => [...value, ...code.localSet(index)];
const sum = (a: number, b: number) => [...get(a), ...get(b), ...code.add];
const advance = (index: number, bytes: number) =>
  bytes === 0 ? [] : set(index, [...get(index), ...code.constant(bytes), ...code.add]);
const repeat = (counter: number, times: number, body: number[]) => [
  ...set(counter, code.constant(times)),
  ...code.loop([...get(counter), ...code.isZero], [...body, ...advance(counter, -1)]),
];

/** Variables that count, and the distances from the first element of the images and of what is pooled. */
interface Counters {
  images: number;
  rows: number;
  columns: number;
  lanes: number;
  image: number;
  pooled: number;
}

/** The counters as variables from `first` on, and the first variable after them. */
function countersFrom(first: number): Counters & { next: number } {
  const [images, rows, columns, lanes, image, pooled, next] = Array.from({ length: 7 }, (_, index) => first + index);
  return { images, rows, columns, lanes, image, pooled, next } as Counters & { next: number };
}

const counterCount = 6;

/** Goes through all windows, four channels at a time; `lane` handles what lies at `image` and `pooled`. */
function eachWindow(at: TiledPooling, counters: Counters, lane: number[]): number[] {
  const { images, rows, columns, lanes, image, pooled } = counters;
  const [windowsDown, windowsAcross] = windowsOf(at);
  const pixel = at.inner * elementBytes;
  const row = at.width * pixel;
  const step = [...lane, ...advance(image, vectorBytes), ...advance(pooled, vectorBytes)];
  const column = [...repeat(lanes, pixel / vectorBytes, step), ...advance(image, (at.windowWidth - 1) * pixel)];
  const right = (at.width - windowsAcross * at.windowWidth) * pixel;
  const line = [...repeat(columns, windowsAcross, column), ...advance(image, right + (at.windowHeight - 1) * row)];
  const below = (at.height - windowsDown * at.windowHeight) * row;
  return repeat(images, at.images, [...repeat(rows, windowsDown, line), ...advance(image, below)]);
}

/** How far a window's entries lie behind its first one, row by row. */
function placesOf({ inner, width, windowHeight, windowWidth }: TiledPooling): number[] {
  return Array.from({ length: windowHeight * windowWidth }, (_, index) => {
    const pixels = Math.floor(index / windowWidth) * width + (index % windowWidth);
    return pixels * inner * elementBytes;
  });
}

/**
 * Maximum pooling as a function of the addresses of `x` and the result, or its gradient as one of those of `dy`, `x`, `y`
 * and the result: see `composite.ts`.
 */
export function poolingFunction(node: Node): FunctionCode {
  const at = node.attributes as unknown as TiledPooling & { rectified?: number };
  return node.op === maxPool ? forward(at) : backward(at);
}

function forward(at: TiledPooling): FunctionCode {
  const [x, out] = [0, 1];
  const { next: source, ...counters } = countersFrom(2);
  const greatest = source + 1;
  const window = placesOf(at).flatMap((place, index) => {
    const entry = [...get(source), ...code.loadBehind(place)];
    return set(greatest, index === 0 ? entry : [...get(greatest), ...entry, ...maximum]);
  });
  const lane = [
    ...set(source, sum(x, counters.image)),
    ...window,
    ...[...sum(out, counters.pooled), ...get(greatest), ...code.store],
  ];
  return { parameters: 2, integers: counterCount + 1, vectors: 1, body: eachWindow(at, counters, lane) };
}

/**
 * Each window is read once: every number that equals the greatest takes what is left of the gradient, which is all of it or
 * nothing. What no window covers is not written.
 */
function backward(at: TiledPooling & { rectified?: number }): FunctionCode {
  const [dy, x, y, out] = [0, 1, 2, 3];
  const { next: source, ...counters } = countersFrom(4);
  const target = source + 1;
  const [left, greatest, taken] = [target + 1, target + 2, target + 3];
  const window = placesOf(at).flatMap((place) => [
    ...set(taken, [...get(source), ...code.loadBehind(place), ...get(greatest), ...equal]),
    ...[...get(target), ...get(left), ...get(taken), ...and, ...code.storeBehind(place)],
    ...set(left, [...get(left), ...get(taken), ...andNot]),
  ]);
  const lane = [
    ...set(greatest, [...sum(y, counters.pooled), ...code.load]),
    ...set(left, [...sum(dy, counters.pooled), ...code.load]),
    ...(at.rectified ? set(left, [...get(left), ...get(greatest), ...code.floats(0), ...greater, ...and]) : []),
    ...set(source, sum(x, counters.image)),
    ...set(target, sum(out, counters.image)),
    ...window,
  ];
  return { parameters: 4, integers: counterCount + 2, vectors: 3, body: eachWindow(at, counters, lane) };
}

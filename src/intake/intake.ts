import type { DecodeImages, ImageFeature } from "../features/image-files.js";
import { ParkedRows } from "../features/parked-rows.js";
import type { TimeBorders } from "../features/split-arrival.js";
import { featureWidth } from "../features/table.js";
import { dropped, guarded } from "../guarded.js";
import type { Feature, Split } from "../language/datasets/dataset.js";
import { describedType } from "../language/datasets/feature-types.js";
import { parseJson, parseMarkedJson } from "../language/fields/exact-integers.js";
import type { Drift } from "../profile/drift/compare.js";
import type { DatasetProfile } from "../profile/profile.js";
import { type Budget, createBudget } from "./budget.js";
import { type ReadDataset, readDataset, type SentDataset } from "./dataset.js";
import { createLane } from "./lane.js";
import { type IntakeLimits, intakeLimits } from "./limits.js";
import { documentLength } from "./park.js";
import { hasPlaceholders } from "./park-categories.js";
import type { SegmentProfile } from "./profile.js";
import type { BodyForm, Parked, RowsOrHandle } from "./protocol.js";
import type { PartsRequest, ReadRows, RowsRequest } from "./read-rows.js";
import type { SealedRows, SealRequest } from "./seal.js";

/** The parsed body of a request. */
export interface Body {
  /** The JSON value. In a large body, a `ParkedRows` stands for each list of rows. */
  value: unknown;
  /** The length of the GraphQL document. If it exceeds its limit, the value is empty. */
  queryCharacters: number;
  /** Values in the variables; 0 for a small body, which is not searched. If they exceed their limit, the value is empty. */
  variableValues: number;
  /** Frees the parked rows and categories when they are not used any more. */
  release(): void;
}

/**
 * Handles what would block the server's event loop: large bodies, their rows, image files. There are threads for small and
 * for large work, so that a row with an image does not wait for a million rows, and one that reads stored rows.
 * `intakeLimits` bounds what all requests together may use.
 */
export interface Intake {
  /** The bytes of all bodies that are being read and parsed. */
  bodies: Budget;
  /**
   * Parses a body.
   *
   * @param bytes are transferred to the thread, and may be empty afterwards.
   * @throws SyntaxError if it is not JSON; PlatformError LIMIT_EXCEEDED if the server is too busy.
   */
  parse(bytes: Uint8Array<ArrayBuffer>, form: BodyForm): Promise<Body>;
  /** `readDataset`, also for a declaration whose categories are kept in the thread. @throws PlatformError LIMIT_EXCEEDED */
  readDataset(declaration: SentDataset): Promise<ReadDataset>;
  /** `sealRows` for rows, or for a list of one `ParkedRows`. @throws PlatformError as `sealRows`, and LIMIT_EXCEEDED. */
  seal(request: SealRequest, rows: unknown[]): Promise<SealedRows>;
  /** `decodeImageFiles`. The decoded images count towards the limit until they are released. @throws PlatformError LIMIT_EXCEEDED */
  decode: DecodeImages;
  /** What is known of the values of a segment that was stored without it. @throws PlatformError as `readSegment`, and LIMIT_EXCEEDED */
  profileSegment(features: readonly Feature[], segment: Uint8Array): Promise<SegmentProfile>;
  /** Features that give the target away in the rows of a segment. @throws PlatformError as `readSegment`, and LIMIT_EXCEEDED */
  findLeaks(features: readonly Feature[], segment: Uint8Array, target: string): Promise<string[]>;
  /** Stored sketches in one. @throws PlatformError LIMIT_EXCEEDED */
  mergeSketches(sketches: readonly Uint8Array[]): Promise<Uint8Array>;
  /** @throws PlatformError LIMIT_EXCEEDED */
  describeSketch(sketch: Uint8Array): Promise<DatasetProfile>;
  /** @throws PlatformError LIMIT_EXCEEDED */
  compareSketches(reference: Uint8Array, current: Uint8Array): Promise<Drift>;
  /** Some rows of a stored segment. @throws PlatformError as `readSegment`, and LIMIT_EXCEEDED */
  readRows(asked: RowsRequest): Promise<ReadRows>;
  /** The parts of a segment's rows; see `partsOfSegment`. @throws PlatformError as `readSegment`, and LIMIT_EXCEEDED */
  partsOfSegment(asked: PartsRequest): Promise<Uint8Array>;
  /** The rows of each stratum in a segment. @throws PlatformError as `readSegment`, and LIMIT_EXCEEDED */
  strataOfSegment(asked: PartsRequest): Promise<[stratum: string, rows: number][]>;
  /** The times of a segment's rows. @throws PlatformError as `readSegment`, and LIMIT_EXCEEDED */
  timesOfSegment(asked: PartsRequest): Promise<Float64Array>;
  /** Between the parts of an append that is divided by time. @throws PlatformError LIMIT_EXCEEDED */
  bordersOfAppend(split: Split, times: Float64Array, rowsBefore: number): Promise<TimeBorders>;
  close(): Promise<void>;
}

export function createIntake(options: { limits?: Partial<IntakeLimits>; threadUrl?: URL } = {}): Intake {
  const limits: IntakeLimits = { ...intakeLimits, ...options.limits };
  const { threadUrl = new URL("./thread.js", import.meta.url) } = options;
  const budget = (total: number, what: string) =>
    createBudget({ total, what, waiting: limits.waiting, waitMs: limits.waitMs });
  const bodies = budget(limits.bodyBytes, `it reads as many bytes of requests at once as it may`);
  const parking = budget(limits.parkedBytes, "it holds as many rows of large requests as it may");
  const decoded = budget(limits.decodedNumbers, "it holds as many decoded images as it may");
  const turns = (atOnce: number) => budget(atOnce, "it works on as many requests with rows at once as it may");
  const small = createLane(threadUrl, turns(limits.smallAtOnce));
  const large = createLane(threadUrl, turns(limits.largeAtOnce));
  const reading = createLane(threadUrl, turns(limits.largeAtOnce));
  const laneFor = (work: number) => (work <= limits.smallWork ? small : large);

  /** The rows of a body that are kept in the thread for large work. */
  class Kept extends ParkedRows {
    private users = 0;
    private isReleased = false;
    private isDropped = false;

    constructor(
      private readonly parked: Parked,
      private readonly bytesPerRow: number,
      private readonly onDrop: () => void,
    ) {
      super();
    }

    get rowCount(): number {
      return this.parked.rowCount;
    }

    get fault(): string | undefined {
      return this.parked.fault;
    }

    async use<Result>(work: (given: RowsOrHandle & { handle: number }) => Promise<Result>): Promise<Result> {
      this.users += 1;
      try {
        return await work({ handle: this.parked.handle });
      } finally {
        this.users -= 1;
        if (this.isReleased) this.release();
      }
    }

    all(): Promise<Record<string, unknown>[]> {
      const part = Math.max(1, Math.floor(limits.inlineBytes / this.bytesPerRow));
      return this.use(async ({ handle }) => {
        const rows: Record<string, unknown>[] = [];
        for (let from = 0; from < this.rowCount; from += part) {
          const some = await large.call("ROWS", { handle, from, to: from + part }, { urgent: true });
          for (const row of some) rows.push(row as Record<string, unknown>);
        }
        return rows;
      });
    }

    release(): void {
      this.isReleased = true;
      if (this.users > 0 || this.isDropped) return;
      this.isDropped = true;
      this.onDrop();
      // A thread that has ended has freed them.
      large.post("DROP", { handle: this.parked.handle });
    }
  }

  return {
    bodies,

    async parse(bytes, form) {
      if (bytes.byteLength <= limits.inlineBytes) {
        const value = parseJson(new TextDecoder(form.charset).decode(bytes));
        return { value, queryCharacters: documentLength(value), variableValues: 0, release() {} };
      }
      const size = bytes.byteLength;
      const giveBack = await parking.take(size);
      try {
        const { text, parked, categories, queryCharacters, variableValues } = await large
          .call("PARSE", { bytes, form }, { transfer: [bytes.buffer] })
          .catch((error: Error & { code?: string }) => {
            throw error.code === "BAD_INPUT" ? new SyntaxError(error.message) : error;
          });
        const value = parseMarkedJson(text);
        let left = parked.length + (categories === undefined ? 0 : 1);
        const rowCount = parked.reduce((sum, each) => sum + each.rowCount, 0);
        const drop = () => {
          if (--left === 0) giveBack();
        };
        const kept = parked.map((each) => {
          const rows = new Kept(each, size / rowCount, drop);
          put(value, each.path, rows);
          return rows;
        });
        if (left === 0) giveBack();
        let holdsCategories = categories !== undefined;
        const dropCategories = (handle: number) => {
          holdsCategories = false;
          drop();
          large.post("DROP", { handle });
        };
        const release = () => {
          for (const rows of kept) rows.release();
          if (holdsCategories && categories !== undefined) dropCategories(categories);
        };
        // If a transport fails to release them, they are freed after a while.
        if (left > 0) setTimeout(guarded(release, dropped), limits.parkedMs).unref();
        return { value, queryCharacters, variableValues, release };
      } catch (error) {
        giveBack();
        throw error;
      }
    },

    async readDataset(declaration) {
      if (!hasPlaceholders(declaration)) return readDataset(declaration);
      return large.call("DATASET", { declaration: plain(declaration) }, { urgent: true });
    },

    async seal(request, rows) {
      const kept = parkedRows(rows);
      if (kept instanceof Kept)
        return kept.use((given) => large.call("SEAL", { given, seal: request }, { urgent: true }));
      const lane = laneFor(4 * numbersOfFiles(request.features, rows) + workOf(rows));
      return lane.call("SEAL", { given: { rows }, seal: request });
    },

    async decode(features, rows, left) {
      const numbers = numbersOfFiles(features, rows);
      if (numbers === 0) return { rows, faultOf: () => undefined, left, release() {} };
      const release = await decoded.take(numbers);
      try {
        const answer = await laneFor(4 * numbers + workOf(rows)).call("DECODE", { features, rows, left });
        const faults = new Map(answer.faults);
        const faultOf = (row: number, feature: string) => faults.get(`${row} ${feature}`);
        return { rows: answer.rows, faultOf, left: answer.left, release };
      } catch (error) {
        release();
        throw error;
      }
    },

    profileSegment: (features, segment) => large.call("PROFILE_SEGMENT", { features, segment }),
    findLeaks: (features, segment, target) => large.call("FIND_LEAKS", { features, segment, target }),
    mergeSketches: (sketches) =>
      laneFor(sketches.reduce((sum, { length }) => sum + length, 0) * sketchWork).call("MERGE_SKETCHES", { sketches }),
    describeSketch: (sketch) => laneFor(sketch.length * sketchWork).call("DESCRIBE_SKETCH", { sketch }),
    compareSketches: (reference, current) =>
      laneFor((reference.length + current.length) * sketchWork).call("COMPARE_SKETCHES", { reference, current }),

    readRows: (asked) => reading.call("READ_ROWS", { asked }),
    partsOfSegment: (asked) => reading.call("PARTS", { asked }),
    strataOfSegment: (asked) => reading.call("STRATA", { asked }),
    timesOfSegment: (asked) => reading.call("TIMES", { asked }),
    bordersOfAppend: (split, times, rowsBefore) => reading.call("BORDERS", { split, times, rowsBefore }),

    async close() {
      await Promise.all([small.close(), large.close(), reading.close()]);
    },
  };
}

/** How much work a byte of a sketch is, compared with one of a row. */
const sketchWork = 4;

/** Without the classes of the GraphQL inputs, which a thread does not know. */
function plain(declaration: SentDataset): SentDataset {
  return JSON.parse(JSON.stringify(declaration)) as SentDataset;
}

/** The parked rows that a list of rows stands for; undefined for a list of rows. */
function parkedRows(rows: readonly unknown[]): ParkedRows | undefined {
  return rows.length === 1 && rows[0] instanceof ParkedRows ? rows[0] : undefined;
}

/** The number of rows in a list, or of the parked rows that it stands for. */
export function countRows(list: readonly unknown[]): number {
  return parkedRows(list)?.rowCount ?? list.length;
}

/** The rows of a list; parked rows are copied from their thread. */
export async function givenRows(rows: Record<string, unknown>[]): Promise<Record<string, unknown>[]> {
  return (await parkedRows(rows)?.all()) ?? rows;
}

/** Puts rows back at the path from which the thread has removed them. */
function put(value: unknown, path: readonly string[], rows: ParkedRows): void {
  let holder = value as Record<string, unknown>;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
  holder[path[path.length - 1] as string] = [rows];
}

/** How many numbers the image files in the rows decode to. */
function numbersOfFiles(features: readonly ImageFeature[], rows: readonly unknown[]): number {
  let numbers = 0;
  for (const feature of features) {
    if (!describedType(feature.type).takesFiles) continue;
    const width = featureWidth(feature);
    for (const row of rows) {
      const isFile = typeof row === "object" && row !== null && typeof Reflect.get(row, feature.name) === "string";
      if (isFile) numbers += width;
    }
  }
  return numbers;
}

/** An estimate of the work for rows without images. Rows of a small body count little; many rows of a direct caller count as large work. */
function workOf(rows: readonly unknown[]): number {
  return rows.length * 64;
}

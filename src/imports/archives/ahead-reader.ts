import { createReadStream } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { RandomAccessReader } from "yauzl";
import { guarded } from "../../guarded.js";

const aheadBytes = 2 ** 18;

/** Reads a file for yauzl. While the directory is read, which is done in many small pieces, what comes behind is read along. */
export class AheadReader extends RandomAccessReader {
  readsAhead = true;
  #start = 0;
  #ahead = Buffer.alloc(0);

  constructor(
    private readonly file: FileHandle,
    private readonly path: string,
  ) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    const done = guarded(
      async () => {
        await this.#read(buffer.subarray(offset, offset + length), position);
        callback(null);
      },
      callback as (error: unknown) => void,
    );
    done();
  }

  override _readStreamForRange(start: number, end: number): Readable {
    // A stream of the handle would close it when it is destroyed.
    return end === start ? Readable.from([]) : createReadStream(this.path, { start, end: end - 1 });
  }

  async #read(into: Buffer, position: number): Promise<void> {
    const from = position - this.#start;
    if (from >= 0 && from + into.length <= this.#ahead.length) {
      this.#ahead.copy(into, 0, from);
      return;
    }
    if (this.readsAhead && into.length < aheadBytes) {
      const { buffer, bytesRead } = await this.file.read(Buffer.allocUnsafe(aheadBytes), 0, aheadBytes, position);
      [this.#start, this.#ahead] = [position, buffer.subarray(0, bytesRead)];
      if (bytesRead < into.length) throw new Error("the file is cut off");
      this.#ahead.copy(into, 0, 0);
      return;
    }
    await readWhole(this.file, into, position);
  }
}

/** Fills a buffer from a place of a file. @throws Error where the file ends before. */
export async function readWhole(file: FileHandle, into: Buffer, position: number): Promise<void> {
  let read = 0;
  while (read < into.length) {
    const { bytesRead } = await file.read(into, read, into.length - read, position + read);
    if (bytesRead === 0) throw new Error("the file is cut off");
    read += bytesRead;
  }
}

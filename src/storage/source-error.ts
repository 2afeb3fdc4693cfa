/** An error of what a stream was read from, and not of the store that it was written to. */
export class SourceError extends Error {}

/** The source, whose errors can be told from the store's. */
export async function* told(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (error) {
    throw new SourceError("the source of an object failed", { cause: error });
  }
}

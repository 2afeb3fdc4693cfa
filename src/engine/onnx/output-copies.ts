/** Bytes of copies after which they are collected. */
const limitBytes = 12 * 2 ** 20;

/** There in processes that were started with `--expose-gc`. */
type Collector = (options: { type: "minor" }) => void;

let copied = 0;

/**
 * Called after ONNX Runtime has put out so many bytes. Its binding answers with copies of all outputs, even where it was
 * given memory for them; nobody needs those. V8 frees what has just been made cheaply, but unless it is told to, it lets
 * megabytes beside its heap pile up until it goes through all of the heap: again and again, for a third of a
 * convolutional net's step.
 */
export function afterCopies(bytes: number): void {
  copied += bytes;
  if (copied < limitBytes) return;
  copied = 0;
  (globalThis as { gc?: Collector }).gc?.({ type: "minor" });
}

import type { TransferListItem } from "node:worker_threads";
import { isSequences, type Table } from "../../features/table.js";
import { arrivedCategories } from "../../features/values/arriving-categories.js";
import { type SealedSegment, type SealRequest, sealTable } from "../../intake/seal.js";
import { createThread } from "../../threads/thread.js";

/** Makes segments of rows that have been read. */
export interface Sealer {
  /** @param isLast whether no rows come behind these: then this thread has nothing else to do. */
  seal(request: SealRequest, table: Table, isLast: boolean): Promise<SealedSegment>;
  close(): Promise<void>;
}

type Sealing = { request: SealRequest; table: Table };

/** Seals on a thread of its own, which starts with the first segment behind which more rows come. It empties the tables. */
export function createSealer(): Sealer {
  const url = new URL("./seal-thread.js", import.meta.url);
  const thread = createThread<Sealing, SealedSegment>({ url, name: "the thread that writes segments" });
  return {
    async seal(request, table, isLast) {
      if (isLast) return sealTable(request, table);
      // Lists that grow are known to this thread only.
      const categories = arrivedCategories(request.features, table);
      const sealed = await thread.call({ request, table }, buffersOf(table));
      return { ...sealed, categories };
    },
    close: () => thread.close(),
  };
}

/** What a table's numbers lie in. */
function buffersOf({ columns, missing }: Table): TransferListItem[] {
  const arrays: { buffer: ArrayBufferLike }[] = [...(missing?.values() ?? [])];
  for (const column of columns.values()) {
    if (isSequences(column)) arrays.push(column.offsets, column.values);
    else if (!Array.isArray(column)) arrays.push(column);
  }
  return arrays.map(({ buffer }) => buffer as ArrayBuffer);
}

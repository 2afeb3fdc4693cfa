import type { ObjectStore } from "../storage/object-store.js";

/** What a trainer does with the object store: it never lists, deletes or signs. */
export type Store = Pick<ObjectStore, "get" | "put">;

import type { ObjectStore } from "../storage/object-store.js";

/** The part of the object store that a trainer uses. */
export type Store = Pick<ObjectStore, "get" | "put">;

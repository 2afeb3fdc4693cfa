import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { DataSource } from "typeorm";
import { PlatformError } from "../errors.js";
import { markerKey } from "../storage/keys.js";
import type { ObjectStore } from "../storage/object-store.js";

const pollMs = 250;

type Store = Pick<ObjectStore, "put" | "head" | "delete">;

/**
 * Makes sure that a database and an object store belong together: the first server puts a marker into the store and its
 * id into the database. Without that, a process with another bucket or folder would look well and fail every run.
 *
 * @param role a server may be the first; a worker waits for it, `patienceMs` at most.
 * @throws PlatformError BAD_INPUT when the store lacks the marker, or no server came.
 */
export async function assertSameStore(
  db: DataSource,
  store: Store,
  role: "server" | "worker",
  patienceMs = 60_000,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  let id = await knownMarker(db);
  if (id === undefined && role === "server") id = await mark(db, store);
  while (id === undefined) {
    if (performance.now() > deadline)
      throw new PlatformError("BAD_INPUT", "no server has used the database of DATABASE_URL yet: start one first");
    await delay(pollMs);
    id = await knownMarker(db);
  }
  if (await store.head(markerKey(id))) return;
  throw new PlatformError(
    "BAD_INPUT",
    `this ${role}'s object store is not that of its database: it lacks ${markerKey(id)}; check PERENNIAL_S3_URL, or PERENNIAL_DATA_DIR without it`,
  );
}

async function knownMarker(db: DataSource): Promise<string | undefined> {
  const [row] = await db.query<{ marker: string }[]>("SELECT marker FROM object_store");
  return row?.marker;
}

/** The object comes first: a row without its object would lock everyone out. */
async function mark(db: DataSource, store: Store): Promise<string | undefined> {
  const mine = randomUUID();
  await store.put(markerKey(mine), new TextEncoder().encode("Perennial keeps its objects here.\n"));
  await db.query("INSERT INTO object_store (marker) VALUES ($1) ON CONFLICT DO NOTHING", [mine]);
  const id = await knownMarker(db);
  // Another server was first.
  if (id !== mine) await store.delete(markerKey(mine));
  return id;
}

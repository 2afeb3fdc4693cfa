import { open, rename } from "node:fs/promises";
import type { Account } from "./privileges.js";

/** Writes a file durably and atomically that only its owner (by default this process's user) may read. */
export async function writePrivateFile(path: string, text: string, owner?: Account): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, "w", 0o600);
  try {
    if (owner) await file.chown(owner.uid, owner.gid);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

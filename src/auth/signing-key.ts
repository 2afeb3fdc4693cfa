import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Logger } from "../logger.js";
import { loadOrCreateKey } from "./key-file.js";

/** Name of the file inside the data directory. */
const signingKeyFile = "signing.key";

/**
 * Reads the secret that URLs of the file store are signed with from `<dataDirectory>/signing.key`, or makes one (32 random
 * bytes in base64url) where there is none; see `loadOrCreateKey`. Every process that shares the directory has the same one,
 * and no client ever does. Who deletes the file makes all signed URLs invalid.
 *
 * @throws PlatformError `BAD_INPUT` if the file holds no usable key.
 */
export async function loadOrCreateSigningKey(dataDirectory: string, logger?: Logger): Promise<string> {
  const make = () => randomBytes(32).toString("base64url");
  return loadOrCreateKey(join(dataDirectory, signingKeyFile), { usable: /^[\w-]{43,512}$/, make }, logger);
}

import { createHmac, timingSafeEqual } from "node:crypto";
import { maximumExpirySeconds } from "./keys.js";

/** The path under which the HTTP layer serves signed objects of the file store. */
export const signedPathPrefix = "/artifacts/";

/** How URLs are signed. */
export interface UrlSigner {
  /** Of the process that serves `/artifacts/`, without a trailing slash; called at each use, because the port may not be known at first. */
  baseUrl: () => string;
  /** At least 32 bytes that every process with this store shares and no client knows. */
  secret: string | Uint8Array;
  /** Milliseconds since 1970. */
  now: () => number;
}

/**
 * Why a signed URL is not served. A wrong path or query counts as a wrong signature: it says nothing about the store. So does
 * an expiry that `signUrl` never writes.
 */
export type SignatureRefusal = "BAD_SIGNATURE" | "EXPIRED";

/** `${baseUrl}/artifacts/${key}?expires=<seconds since 1970>&signature=<hex>`, good for one key and GET only. */
export function signUrl(signer: UrlSigner, key: string, expiresInSeconds: number): string {
  const expires = Math.floor(signer.now() / 1000) + expiresInSeconds;
  const signature = sign(signer.secret, key, String(expires)).toString("hex");
  return `${signer.baseUrl()}${signedPathPrefix}${key}?expires=${expires}&signature=${signature}`;
}

/**
 * The key that a request's path and query were signed for, or why it is refused. The signature is judged first and in
 * constant time, so that a forged URL learns nothing from its expiry. The expiry must be whole seconds in decimal digits, and
 * no later than `presign` could have signed by now: a secret that signed something else does not open the store for ever.
 */
export function verifySignature(
  signer: Pick<UrlSigner, "secret" | "now">,
  pathAndQuery: string,
): { key: string } | { refused: SignatureRefusal } {
  const [path = "", query = ""] = pathAndQuery.split("?", 2);
  if (!path.startsWith(signedPathPrefix)) return { refused: "BAD_SIGNATURE" };
  const key = path.slice(signedPathPrefix.length);
  const parameters = new URLSearchParams(query);
  const expires = parameters.get("expires") ?? "";
  const signature = parameters.get("signature") ?? "";
  const expected = sign(signer.secret, key, expires);
  // Decoding stops silently at the first character that is not hex. A signature of another form is compared all the same.
  const wellFormed = /^[0-9a-f]{64}$/.test(signature);
  const given = wellFormed ? Buffer.from(signature, "hex") : Buffer.alloc(expected.length);
  if (!timingSafeEqual(given, expected) || !wellFormed) return { refused: "BAD_SIGNATURE" };
  const seconds = Number(expires);
  const latest = Math.floor(signer.now() / 1000) + maximumExpirySeconds;
  if (!/^[1-9]\d*$/.test(expires) || seconds > latest) return { refused: "BAD_SIGNATURE" };
  return seconds * 1000 > signer.now() ? { key } : { refused: "EXPIRED" };
}

function sign(secret: string | Uint8Array, key: string, expires: string): Buffer {
  // A line break cannot occur in a key, so no two (key, expires) pairs share one text.
  return createHmac("sha256", secret).update(`GET\n${key}\n${expires}`).digest();
}

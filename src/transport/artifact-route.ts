import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Request, RequestHandler, Response } from "express";
import type { Logger } from "../logger.js";
import { errorBody } from "./error-format.js";

/** What a signed URL opens. Sizes and places in bytes. */
export interface Artifact {
  sizeBytes: number;
  filename: string;
  /** `sha256:<hex>`, which becomes the ETag. */
  digest: string | undefined;
  /** The bytes from `start` to `end`, both included; all by default. */
  read(range?: { start: number; end: number }): Readable;
  close(): Promise<void>;
}

/** What a signed URL opens, or why it opens nothing. */
export type OpenedArtifact = Artifact | { refused: "EXPIRED" | "BAD_SIGNATURE" | "NOT_FOUND"; message: string };

/** Checks the signature of a URL's path and query and opens the object it names. */
export type OpenArtifact = (pathAndQuery: string) => Promise<OpenedArtifact>;

/** `GET /artifacts/...`: the signature in the URL is the only key it needs. One range of bytes may be asked for. */
export function artifactRoute(openArtifact: OpenArtifact, logger: Logger): RequestHandler {
  return async (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.set("Allow", "GET, HEAD").status(405).json(errorBody("BAD_REQUEST", "Artifacts can only be read."));
      return;
    }
    const opened = await openArtifact(request.originalUrl);
    if ("refused" in opened) {
      const missing = opened.refused === "NOT_FOUND";
      response.status(missing ? 404 : 403).json(errorBody(missing ? "NOT_FOUND" : "FORBIDDEN", opened.message));
      return;
    }
    try {
      await send(request, response, opened);
    } catch (err) {
      // The status has been sent: the broken connection is what tells the client.
      logger.debug({ err, filename: opened.filename }, "A download ended early");
    } finally {
      await opened.close();
    }
  };
}

/** Answers a GET or HEAD as RFC 9110 has it, conditions (section 13) before ranges (section 14). */
async function send(request: Request, response: Response, artifact: Artifact): Promise<void> {
  const { sizeBytes, digest } = artifact;
  const etag = digest && `"${digest}"`;
  response.set({ "Accept-Ranges": "bytes", ...(etag && { ETag: etag }) });
  if (!matches(request.get("if-match"), etag)) {
    response.status(412).json(errorBody("BAD_REQUEST", "If-Match: the artifact has another digest."));
    return;
  }
  if (request.fresh) {
    response.status(304).end();
    return;
  }
  const range = rangeOf(request, sizeBytes, etag);
  if (range === "UNSATISFIABLE") {
    response.status(416).set("Content-Range", `bytes */${sizeBytes}`);
    response.json(errorBody("BAD_REQUEST", `Range: the artifact has ${sizeBytes} bytes.`));
    return;
  }
  const { start, end } = range ?? { start: 0, end: sizeBytes - 1 };
  response.attachment(artifact.filename);
  response.set({ "Content-Type": "application/octet-stream", "Content-Length": String(end - start + 1) });
  if (range) response.status(206).set("Content-Range", `bytes ${start}-${end}/${sizeBytes}`);
  if (request.method === "HEAD" || sizeBytes === 0) response.end();
  else await pipeline(artifact.read({ start, end }), response);
}

/** Whether an `If-Match` header, if there is one, names the artifact. */
function matches(condition: string | undefined, etag: string | undefined): boolean {
  if (condition === undefined || condition.trim() === "*") return true;
  return etag !== undefined && condition.split(",").some((each) => each.trim() === etag);
}

/**
 * The bytes asked for by `Range: bytes=<first>-<last>`, or without one of both numbers. Undefined for all of them, as also
 * where `If-Range` means another ETag, and where the header is something else, such as several ranges: a server may ignore
 * what it does not serve (RFC 9110, 14.2).
 */
function rangeOf(
  request: Request,
  sizeBytes: number,
  etag: string | undefined,
): { start: number; end: number } | "UNSATISFIABLE" | undefined {
  const [, first = "", last = ""] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(request.get("range") ?? "") ?? [];
  const condition = request.get("if-range");
  if (request.method !== "GET" || (first === "" && last === "")) return undefined;
  if (condition !== undefined && condition.trim() !== etag) return undefined;
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  const start = first === "" ? Math.max(sizeBytes - Number(last), 0) : Number(first);
  const end = first === "" || last === "" ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  return start <= end ? { start, end } : "UNSATISFIABLE";
}

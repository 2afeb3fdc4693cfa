import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Request, RequestHandler } from "express";
import type { Logger } from "../logger.js";
import { errorBody } from "./error-format.js";

/** What a signed URL opens, or why it opens nothing. Sizes in bytes. */
export type OpenedArtifact =
  | { stream: Readable; sizeBytes: number; filename: string }
  | { refused: "EXPIRED" | "BAD_SIGNATURE" | "NOT_FOUND"; message: string };

/** Checks the signature of a URL's path and query and opens the object it names. */
export type OpenArtifact = (pathAndQuery: string) => Promise<OpenedArtifact>;

/** `GET /artifacts/...`: the signature in the URL is the only key it needs. */
export function artifactRoute(openArtifact: OpenArtifact, logger: Logger): RequestHandler {
  return async (request: Request, response) => {
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
    response.attachment(opened.filename);
    response.set({ "Content-Type": "application/octet-stream", "Content-Length": String(opened.sizeBytes) });
    if (request.method === "HEAD") {
      opened.stream.destroy();
      response.end();
      return;
    }
    try {
      await pipeline(opened.stream, response);
    } catch (err) {
      // The status has been sent: the broken connection is what tells the client.
      logger.debug({ err, filename: opened.filename }, "A download ended early");
    }
  };
}

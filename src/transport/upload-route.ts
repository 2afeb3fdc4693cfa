import type { Request, RequestHandler, Response } from "express";
import { type ErrorCode, PlatformError } from "../errors.js";
import { dropped, guarded } from "../guarded.js";
import type { Logger } from "../logger.js";
import { errorBody } from "./error-format.js";

/** What takes the bytes that are put under the URL of an upload. */
export interface UploadReceiver {
  /** The most bytes of one file. */
  maximumBytes: number;
  /** Milliseconds without a byte after which a request is cut off. */
  stalledMs: number;
  /**
   * Checks the signature before a byte is read, and stores the bytes.
   * @throws PlatformError FORBIDDEN, UPLOAD_CHANGED, LIMIT_EXCEEDED, STORAGE_FULL, STORAGE_UNAVAILABLE.
   */
  receive(
    id: string,
    signed: { expires: string; signature: string },
    source: () => AsyncIterable<Uint8Array>,
  ): Promise<{ sizeBytes: number; sha256: string }>;
}

/** How errors are told. 409: the state of the upload does not allow it; 507: no room left. */
const statuses: Partial<Record<ErrorCode, number>> = {
  FORBIDDEN: 403,
  UPLOAD_CHANGED: 409,
  LIMIT_EXCEEDED: 413,
  BAD_INPUT: 400,
  STORAGE_FULL: 507,
  STORAGE_UNAVAILABLE: 503,
  DATABASE_UNAVAILABLE: 503,
};

/** `PUT /uploads/<id>`: the signature in the URL is the only key it needs. The bytes are passed on as they come. */
export function uploadRoute(receiver: UploadReceiver, logger: Logger): RequestHandler {
  return async (request, response, next) => {
    if (request.method !== "PUT") {
      response.set("Allow", "PUT").status(405).json(errorBody("BAD_REQUEST", "Bytes of an upload are sent by PUT."));
      return;
    }
    const { expires, signature } = request.query;
    const announced = Number(request.get("content-length") ?? 0);
    try {
      if (announced > receiver.maximumBytes)
        throw new PlatformError("LIMIT_EXCEEDED", `The file is larger than ${receiver.maximumBytes} bytes.`);
      const signed = { expires: String(expires ?? ""), signature: String(signature ?? "") };
      const id = request.path.slice(1);
      const stored = await receiver.receive(id, signed, () => bodyOf(request, receiver.stalledMs));
      response.status(200).json({ sizeBytes: stored.sizeBytes, digest: `sha256:${stored.sha256}` });
    } catch (error) {
      if (request.destroyed && !request.complete) {
        logger.debug({ err: error }, "An upload ended early");
        return;
      }
      const status = error instanceof PlatformError ? statuses[error.code] : undefined;
      if (status === undefined) return next(error);
      refuse(request, response, status, error as PlatformError);
    }
  };
}

/** Answers, and then reads no further: what a client goes on sending is of no use. */
function refuse(request: Request, response: Response, status: number, { code, message }: PlatformError): void {
  response.set("Connection", "close").status(status).json(errorBody(code, message));
  if (request.complete) return;
  request.resume();
  const cut = setTimeout(
    guarded(() => request.destroy(), dropped),
    lingerMs,
  ).unref();
  request.once(
    "close",
    guarded(() => clearTimeout(cut), dropped),
  );
}

/** How long a refused client may go on sending, so that it reads the answer and not a reset. */
const lingerMs = 2_000;

/** The body; throws where the client falls silent. */
async function* bodyOf(request: Request, stalledMs: number): AsyncGenerator<Uint8Array> {
  const cut = () => request.destroy(new Error("the client sent nothing for too long"));
  const timer = setTimeout(guarded(cut, dropped), stalledMs).unref();
  try {
    for await (const chunk of request) {
      timer.refresh();
      yield chunk as Uint8Array;
      // Time that the store took is not the client's.
      timer.refresh();
    }
  } finally {
    clearTimeout(timer);
  }
}

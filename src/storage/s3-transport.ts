import http from "node:http";
import https from "node:https";
import type { Readable } from "node:stream";
import { dropped, guarded } from "../guarded.js";

/** An answer of 408, 429 or 5xx, or of 200 that holds an error: the request was understood but not served. */
export class S3Fault extends Error {
  constructor(
    readonly status: number,
    /** The S3 error code in the answer's body, such as `SlowDown` or `XMinioStorageFull`; "" where there is none. */
    readonly code: string,
    /** The message in the body; servers report faults of their own disks as `InternalError`. */
    detail = "",
  ) {
    super([`HTTP ${status}`, code, detail.slice(0, 200)].filter((part) => part !== "").join(" "));
    this.name = "S3Fault";
  }
}

/** The server neither received nor sent a byte within the time limit. */
export class S3Timeout extends Error {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
    this.name = "S3Timeout";
  }
}

const maximumFaultBytes = 64 * 1024;

/**
 * The transport handed to the `minio` client. The client alone would wait for ever on a silent server, and would drop status
 * and body of the answers that it considers retriable; here both become typed errors. The caller retries.
 */
export function boundedTransport(useSsl: boolean, timeoutMs: number): Pick<typeof http, "request"> {
  const protocol = useSsl ? https : http;
  const request = (options: http.RequestOptions, onResponse: (response: http.IncomingMessage) => void) => {
    const fail = (error: unknown): boolean => outgoing.emit("error", error);
    const receive = guarded((response: http.IncomingMessage) => {
      const status = response.statusCode ?? 0;
      if (status < 500 && status !== 429 && status !== 408) return onResponse(response);
      return readText(response).then((body) => outgoing.emit("error", readFault(status, body, response.headers)));
    }, fail);
    const outgoing: http.ClientRequest = protocol.request({ ...options, timeout: timeoutMs }, receive);
    outgoing.on(
      "timeout",
      guarded(() => outgoing.destroy(new S3Timeout(timeoutMs)), dropped),
    );
    return outgoing;
  };
  // The client calls only this overload of `http.request`.
  return { request: request as typeof http.request };
}

/** The error that an answer's body or headers describe. */
export function readFault(status: number, body: string, headers: http.IncomingHttpHeaders): S3Fault {
  const header = headers["x-minio-error-code"];
  const code = /<Code>([A-Za-z0-9.]+)<\/Code>/.exec(body)?.[1] ?? (typeof header === "string" ? header : "");
  return new S3Fault(status, code, /<Message>([^<]*)<\/Message>/.exec(body)?.[1]);
}

async function readText(stream: Readable): Promise<string> {
  let text = "";
  for await (const chunk of stream) {
    if (text.length < maximumFaultBytes) text += String(chunk);
  }
  return text;
}

import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What happens to one request on its way to a real S3 server. */
export type Fault =
  /** The server never sees it; the answer is an error. */
  | { type: "REFUSE"; status: number; code: string }
  /** The server does it, and the answer is 200 with an error in its body. */
  | { type: "ERROR_BODY"; code: string }
  /** The server never sees it, and the answer is 200 with an error in its body. */
  | { type: "ERROR_BODY_INSTEAD"; code: string }
  /** The server does it, and the connection is cut before the answer. */
  | { type: "CUT_ANSWER" }
  /** A bit of what is sent is turned around, or the last byte is lost. */
  | { type: "FLIP_REQUEST" }
  /** A bit of what the server answers is turned around. */
  | { type: "FLIP_ANSWER" }
  /** The answer ends early, though its head promised all of it. */
  | { type: "TRUNCATE_ANSWER" };

const errorBody = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`;
const flip = (bytes: Buffer) => Buffer.from(bytes.map((byte, at) => (at === bytes.length >> 1 ? byte ^ 1 : byte)));

/**
 * Stands between a store and a real S3 server. It leaves the Host header alone, so signatures stay right.
 * @param faultOf decides what happens to a request, by its method and path with query; undefined: nothing.
 */
export async function openFaultProxy(target: URL, faultOf: (method: string, path: string) => Fault | undefined) {
  const seen: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method = "", url = "" } = incoming;
    seen.push(`${method} ${url}`);
    handle(target, incoming, outgoing, faultOf(method, url)).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function handle(target: URL, incoming: IncomingMessage, outgoing: ServerResponse, fault: Fault | undefined) {
  const body = await bytesOf(incoming);
  if (fault?.type === "REFUSE") return outgoing.writeHead(fault.status).end(errorBody(fault.code));
  if (fault?.type === "ERROR_BODY_INSTEAD") return outgoing.end(errorBody(fault.code));
  const sent = fault?.type === "FLIP_REQUEST" ? flip(body) : body;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const { method, url, headers } = incoming;
    const forwarded = request({ host: target.hostname, port: target.port, method, path: url, headers }, resolve);
    forwarded.on("error", reject);
    forwarded.end(sent);
  });
  const bytes = await bytesOf(answer);
  if (fault?.type === "CUT_ANSWER") return outgoing.destroy();
  if (fault?.type === "ERROR_BODY") return outgoing.end(errorBody(fault.code));
  outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
  if (fault?.type === "TRUNCATE_ANSWER")
    return outgoing.write(bytes.subarray(0, bytes.length - 1), () => outgoing.destroy());
  return outgoing.end(fault?.type === "FLIP_ANSWER" ? flip(bytes) : bytes);
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

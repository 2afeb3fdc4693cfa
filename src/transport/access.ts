import type { IncomingMessage, ServerResponse } from "node:http";

/** Which `Host` and `Origin` headers are ours. */
export interface AccessOptions {
  /** The port that the server listens on. */
  port: number;
  /** Further names clients may use, as `name` (any port) or `name:port`; for a proxy or a container's address. */
  allowedHosts?: readonly string[];
  /** Further web origins whose pages may call the API, such as `https://app.example.com`. */
  allowedOrigins?: readonly string[];
}

const loopbackNames = ["127.0.0.1", "localhost", "[::1]"];

/**
 * Builds the check that every request must pass before anything else looks at it; it answers with the header that is
 * foreign, or undefined. A page of any website can resolve its own name to 127.0.0.1 and so reach a server on loopback
 * (DNS rebinding); it cannot forge these two headers.
 */
export function createAccessCheck(options: AccessOptions): (request: IncomingMessage) => "Host" | "Origin" | undefined {
  const { port, allowedHosts = [], allowedOrigins = [] } = options;
  const allowed = [
    ...loopbackNames.map((name) => `${name}:${port}`),
    ...allowedHosts.map((host) => host.toLowerCase()),
  ];
  // Clients leave the default port of their scheme out.
  const hosts = new Set(allowed.flatMap((host) => [host, host.replace(/:(80|443)$/, "")]));
  const anyPort = new Set(allowed.filter((host) => !/:\d+$/.test(host)));
  const origins = new Set(allowedOrigins.map((origin) => new URL(origin).origin));
  for (const name of loopbackNames) origins.add(new URL(`http://${name}:${port}`).origin);

  return ({ headers }) => {
    const host = headers.host?.toLowerCase() ?? "";
    const isHostOurs = hosts.has(host) || anyPort.has(host.replace(/:\d+$/, ""));
    if (!isHostOurs) return "Host";
    const { origin } = headers;
    if (origin === undefined || origins.has(origin)) return undefined;
    // A page that came through an allowed name is our own page.
    return origin === `http://${host}` || origin === `https://${host}` ? undefined : "Origin";
  };
}

/**
 * Lets pages of an allowed other origin read the answer (CORS). Answers a preflight itself, because a browser sends it
 * without the key; then it returns true.
 */
export function answerCors(request: IncomingMessage, response: ServerResponse): boolean {
  const { origin } = request.headers;
  response.setHeader("Vary", "Origin");
  if (origin === undefined) return false;
  response.setHeader("Access-Control-Allow-Origin", origin);
  response.setHeader("Access-Control-Expose-Headers", "accept-ranges, content-range, etag, retry-after");
  if (request.method !== "OPTIONS" || request.headers["access-control-request-method"] === undefined) return false;
  response.setHeader("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE");
  response.setHeader(
    "Access-Control-Allow-Headers",
    "authorization, content-type, apollo-require-preflight, x-graphql-event-stream-token, range, if-range",
  );
  response.setHeader("Access-Control-Max-Age", "600");
  response.writeHead(204).end();
  return true;
}

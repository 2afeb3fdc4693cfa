import { connect, createServer, type Socket } from "node:net";

/**
 * Reads what one client sends and tells of the requests that begin in it: a statement's text, or a request line. One
 * reader for each connection, since a request may come in pieces.
 */
export type RequestReader = () => (chunk: Buffer) => string[];

/** A loopback proxy in front of a server, which does to connections what networks do. */
export interface TcpProxy {
  readonly port: number;
  /** Connections that are open now. */
  readonly connections: number;
  /**
   * From now on, the server receives requests that match and works them off, but its answers are lost: as soon as one
   * comes, both sides are cut off. Takes the place of what was asked before. Answers how many have been lost so far.
   *
   * @param matches called once for each request, in order.
   */
  loseAnswers(matches: (request: string) => boolean): () => number;
  /** From now on everything takes so much longer in each direction. */
  delay(milliseconds: number): void;
  /** Cuts all connections with RST. */
  reset(): void;
  /**
   * Half-open: the connections that are there swallow everything from now on, and nobody is told. New ones are served,
   * unless `forNew`. Answers how many there are.
   */
  swallow(options?: { forNew: boolean }): number;
  /** Serves new connections again; what was swallowed stays so. */
  restore(): void;
  close(): Promise<void>;
}

interface Link {
  client: Socket;
  server: Socket;
  /** Swallows everything, both ways. */
  mute: boolean;
  /** The answer that comes next is to be lost. */
  losing: (() => void) | undefined;
}

/** @param requests how to tell requests apart; `postgresStatements` or `httpRequests`. */
export async function startTcpProxy(
  target: { port: number; host?: string },
  requests: RequestReader,
): Promise<TcpProxy> {
  const links = new Set<Link>();
  let latency = 0;
  let muteNew = false;
  let loss: { matches(request: string): boolean; lost: number } | undefined;

  const later = (act: () => void) => (latency > 0 ? void setTimeout(act, latency) : act());

  const server = createServer((client) => {
    const upstream = connect({ host: "127.0.0.1", ...target });
    const link: Link = { client, server: upstream, mute: muteNew, losing: undefined };
    links.add(link);
    const read = requests();
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      // What ends one side ends the other, unless nobody is to know.
      socket.on("error", () => {});
      socket.on("close", () => {
        if (link.mute) return;
        links.delete(link);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on("data", (chunk) => {
      if (link.mute) return;
      const begun = read(chunk);
      const current = loss;
      if (current && begun.filter((request) => current.matches(request)).length > 0)
        link.losing = () => {
          current.lost++;
        };
      later(() => link.mute || upstream.write(chunk));
    });
    upstream.on("data", (chunk) => {
      if (link.mute) return;
      if (link.losing) {
        // An interim answer is none: the server has not done anything yet.
        if (chunk.toString("latin1", 0, 12).startsWith("HTTP/1.1 100")) return void client.write(chunk);
        link.losing();
        link.losing = undefined;
        client.resetAndDestroy();
        upstream.destroy();
        return;
      }
      later(() => link.mute || client.write(chunk));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");

  return {
    port: address.port,
    get connections() {
      return links.size;
    },
    loseAnswers(matches) {
      const mine = { matches, lost: 0 };
      loss = mine;
      return () => mine.lost;
    },
    delay(milliseconds) {
      latency = milliseconds;
    },
    reset() {
      for (const { client, server: upstream } of links) {
        client.resetAndDestroy();
        upstream.resetAndDestroy();
      }
    },
    swallow({ forNew } = { forNew: false }) {
      muteNew = forNew;
      for (const link of links) link.mute = true;
      return links.size;
    },
    restore() {
      muteNew = false;
    },
    async close() {
      for (const { client, server: upstream } of links) {
        client.destroy();
        upstream.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The URL of the same database through a proxy. */
export function throughProxy(url: string, proxy: TcpProxy): string {
  const through = new URL(url);
  through.hostname = "127.0.0.1";
  through.port = String(proxy.port);
  return through.href;
}

/** Statements of PostgreSQL's protocol, of simple queries (`Q`) and of prepared ones (`P`). */
export const postgresStatements: RequestReader = () => {
  let pending = Buffer.alloc(0);
  let started = false;
  return (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    const statements: string[] = [];
    for (;;) {
      // The first message, and one that asks for encryption before it, has no type.
      const header = started ? 1 : 0;
      if (pending.length < header + 4) return statements;
      const end = header + pending.readUInt32BE(header);
      if (pending.length < end) return statements;
      const message = pending.subarray(0, end);
      pending = pending.subarray(end);
      if (!started) {
        started = message.readUInt32BE(4) === 196_608;
        continue;
      }
      const type = String.fromCharCode(message[0] ?? 0);
      if (type !== "Q" && type !== "P") continue;
      // Of a prepared statement, its name comes first.
      const from = type === "Q" ? 5 : message.indexOf(0, 5) + 1;
      statements.push(message.toString("utf8", from, message.indexOf(0, from)));
    }
  };
};

/** Request lines of HTTP/1.1, such as `PUT /bucket/key HTTP/1.1`; of a body it is only asked that it looks like none. */
export const httpRequests: RequestReader = () => (chunk) =>
  chunk.toString("latin1").match(/^(?:GET|HEAD|PUT|POST|DELETE) \S+ HTTP\/1\.1\r?$/gm) ?? [];

/** Matches the first so many of the requests that match. */
export function first(count: number, pattern: RegExp): (request: string) => boolean {
  let left = count;
  return (request) => pattern.test(request) && left-- > 0;
}

import { type AddressInfo, connect as connectTo, createServer, type Socket } from "node:net";
import { GraphQLInt, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { PlatformError } from "../../src/errors.js";
import { silent } from "../../src/logger.js";
import { startHttpServer } from "../../src/transport/http.js";

export const key = "pk_test-key-0123456789abcdefghijklmnopqrstuv";

export interface LogServer {
  url: string;
  /** Subscriptions whose source was closed. */
  readonly cleaned: number;
  close(): Promise<void>;
}

/**
 * The API over a log of `length` entries, 1, 2, 3 …, which a subscription replays behind `after`, one every
 * `intervalMs`.
 */
export async function startLogServer({
  length,
  intervalMs,
}: {
  length: number;
  intervalMs: number;
}): Promise<LogServer> {
  let cleaned = 0;
  let unavailable = 1;
  const after = { after: { type: GraphQLString } };
  const entry = new GraphQLObjectType({
    name: "Entry",
    fields: {
      cursor: { type: new GraphQLNonNull(GraphQLString), resolve: String },
      value: { type: GraphQLInt, resolve: Number },
    },
  });
  function entries(from: number, before?: { seq: number; hook: () => unknown }): AsyncIterable<number> {
    let seq = from;
    let stop: (result: { done: true; value: undefined }) => void = () => {};
    const stopped = new Promise<{ done: true; value: undefined }>((resolve) => {
      stop = resolve;
    });
    const next = async (): Promise<IteratorResult<number>> => {
      await new Promise((resolve) => setTimeout(resolve, intervalMs));
      if (seq + 1 === before?.seq) await before.hook();
      return seq < length ? { done: false, value: ++seq } : { done: true, value: undefined };
    };
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.race([next(), stopped]),
        async return() {
          cleaned++;
          stop({ done: true, value: undefined });
          return { done: true, value: undefined };
        },
      }),
    };
  }
  const resolve = (value: unknown) => value;
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({
      name: "Query",
      fields: {
        double: { type: GraphQLInt, args: { of: { type: GraphQLInt } }, resolve: (_, { of }) => of * 2 },
        slow: { type: GraphQLInt, resolve: () => new Promise((done) => setTimeout(done, 5_000, 1)) },
        refused: {
          type: new GraphQLList(GraphQLInt),
          resolve: () => {
            throw new PlatformError("NOT_FOUND", "there is no run", { run: 7 });
          },
        },
      },
    }),
    subscription: new GraphQLObjectType({
      name: "Subscription",
      fields: {
        log: { type: entry, args: after, subscribe: (_, args) => entries(Number(args.after ?? 0)), resolve },
        /** Loses its database once, at entry 3. */
        shaky: {
          type: entry,
          args: after,
          subscribe: (_, args) =>
            entries(Number(args.after ?? 0), {
              seq: 3,
              hook: () => {
                if (unavailable-- > 0) throw new PlatformError("DATABASE_UNAVAILABLE", "try again");
              },
            }),
          resolve,
        },
        refused: {
          type: GraphQLInt,
          args: after,
          subscribe: () => {
            throw new PlatformError("BAD_CURSOR", "after: this is no cursor");
          },
        },
        quiet: {
          type: GraphQLInt,
          args: after,
          subscribe: () => entries(0, { seq: 1, hook: () => new Promise(() => {}) }),
          resolve,
        },
      },
    }),
  });
  const server = await startHttpServer({
    ...{ schema, createContext: () => ({}), operatorKey: key, port: 0, logger: silent },
    readiness: async () => ({ ready: true, reasons: [] }),
    // What comes through the link below names its port.
    allowedHosts: ["127.0.0.1"],
  });
  return {
    url: server.url,
    get cleaned() {
      return cleaned;
    },
    close: server.close,
  };
}

export interface BreakableLink {
  url: string;
  /** Connections made so far. */
  readonly connections: number;
  /** Breaks every open connection. */
  cut(): void;
  close(): Promise<void>;
}

/** A stretch of network that can break. */
export async function startBreakableLink(target: string, listenOn = 0): Promise<BreakableLink> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer((near) => {
    connections++;
    const far = connectTo(Number(port), hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket.on("error", () => other.destroy());
      socket.once("close", () => {
        open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(listenOn, "127.0.0.1", resolve));
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections;
    },
    cut,
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

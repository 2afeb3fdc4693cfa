import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";

/** What `npm start` runs, in a process and a data directory of its own. Nothing here is shared with the project's code. */
export interface PlatformProcess {
  url: string;
  key: string;
  child: ChildProcess;
  dataDirectory: string;
  /** Everything it has printed. */
  output(): string;
  /** GraphQL over HTTP, as curl would: answers status and body. */
  post(
    query: string,
    variables?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: GraphQLBody }>;
  /** GraphQL over the WebSocket protocol `graphql-transport-ws`, spoken by hand. */
  subscribe(query: string, variables: unknown): Subscription;
  /** SIGTERM, then waits for the exit. */
  stop(): Promise<number | null>;
}

// biome-ignore lint/suspicious/noExplicitAny: the tests look into answers as a client without types would.
type Json = any;
export interface GraphQLBody {
  data?: Json;
  errors?: { message: string; extensions: { code: string } }[];
}
export interface Subscription extends AsyncIterableIterator<Json> {
  close(): void;
}

export async function startPlatformProcess(
  options: { dataDirectory?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<PlatformProcess> {
  const dataDirectory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), "perennial-e2e-")));
  const env = { ...process.env, PERENNIAL_DATA_DIR: dataDirectory, PORT: "0", ...options.env };
  const entry = fileURLToPath(new URL("../../dist/programs/up.js", import.meta.url));
  const child = spawn(process.execPath, [entry], { env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  const url = await new Promise<string>((resolve, reject) => {
    const onData = (chunk: Buffer) => {
      text += chunk;
      const match = /is up .*: (http:\/\/\S+) /.exec(text);
      if (match?.[1]) resolve(match[1]);
    };
    child.stdout.on("data", onData);
    child.stderr.on("data", onData);
    void exited.then((code) => reject(new Error(`it ended with ${code} before it was up: ${text}`)));
  });
  const key =
    options.env?.PERENNIAL_OPERATOR_KEY ?? (await readFile(join(dataDirectory, "operator.key"), "utf8")).trim();
  const authorization = `Bearer ${key}`;
  return {
    ...{ url, key, child, dataDirectory },
    output: () => text,
    async post(query, variables, headers = { authorization }) {
      const response = await fetch(`${url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ query, variables }),
      });
      return { status: response.status, body: (await response.json()) as GraphQLBody };
    },
    subscribe: (query, variables) => subscribeByHand(url.replace("http", "ws"), authorization, { query, variables }),
    async stop() {
      child.kill("SIGTERM");
      return exited;
    },
  };
}

export async function removeData(platform: PlatformProcess | undefined): Promise<void> {
  if (platform) await rm(platform.dataDirectory, { recursive: true, force: true });
}

function subscribeByHand(url: string, authorization: string, payload: unknown): Subscription {
  const socket = new WebSocket(`${url}/graphql`, "graphql-transport-ws");
  const arrived: Json[] = [];
  let ended: { error?: Error } | undefined;
  let wake = () => {};
  const end = (error?: Error) => {
    ended ??= { error };
    wake();
  };
  socket.on("open", () => socket.send(JSON.stringify({ type: "connection_init", payload: { authorization } })));
  socket.on("close", (code) => end(ended ? undefined : new Error(`the socket was closed with ${code}`)));
  socket.on("error", end);
  socket.on("message", (data) => {
    const message = JSON.parse(String(data)) as Json;
    if (message.type === "connection_ack") socket.send(JSON.stringify({ id: "1", type: "subscribe", payload }));
    if (message.type === "ping") socket.send(JSON.stringify({ type: "pong" }));
    if (message.type === "next") arrived.push(message.payload);
    if (message.type === "error") end(new Error(JSON.stringify(message.payload)));
    if (message.type === "complete") end();
    wake();
  });
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      while (arrived.length === 0 && !ended)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      if (arrived.length > 0) return { done: false, value: arrived.shift() };
      if (ended?.error) throw ended.error;
      socket.close();
      return { done: true, value: undefined };
    },
    async return() {
      this.close();
      return { done: true, value: undefined };
    },
    close() {
      ended ??= {};
      socket.close();
    },
  };
}

import WebSocket from "ws";

/** A batch as the contract's operation has it, and what proves that none is missing. */
export interface Batch {
  cursor: string;
  previousCursor: string;
  points: { seq: number; name: string; step: number; epoch: number; value: number | string }[];
  rewind: { toStep: number } | null;
  finished: boolean;
}

/** One connection, until it ends by itself or is cut. Rejects with what the API refuses. */
export interface Connection {
  ended: Promise<void>;
  cut(): void;
}

export interface Subscription {
  url: string;
  key: string;
  runId: string;
  after: string | undefined;
  onBatch(batch: Batch): void;
}

const query = `subscription ($runId: ID!, $after: String) { runMetrics(runId: $runId, after: $after) {
  cursor previousCursor points { seq name step epoch value } rewind { toStep } finished } }`;

interface Payload {
  data?: { runMetrics: Batch };
  errors?: unknown;
}

/** Over WebSocket, cut as a cable is: without a word to the server. */
export function overWebSocket({ url, key, runId, after, onBatch }: Subscription): Connection {
  const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  const payload = { query, variables: { runId, after } };
  let cut = false;
  const ended = new Promise<void>((resolve, reject) => {
    socket.on("error", () => {});
    socket.on("close", () => resolve());
    socket.on("open", () =>
      socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${key}` } })),
    );
    socket.on("message", (data) => {
      if (cut) return;
      const message = JSON.parse(String(data)) as { type: string; payload?: Payload };
      if (message.type === "connection_ack") socket.send(JSON.stringify({ id: "1", type: "subscribe", payload }));
      if (message.type === "error" || message.payload?.errors) reject(new Error(JSON.stringify(message.payload)));
      if (message.type === "next" && message.payload?.data) onBatch(message.payload.data.runMetrics);
      if (message.type === "complete") socket.close();
    });
  });
  return {
    ended,
    cut() {
      cut = true;
      socket.terminate();
    },
  };
}

/** Over Server-Sent Events. */
export function overEventStream({ url, key, runId, after, onBatch }: Subscription): Connection {
  const cutting = new AbortController();
  async function read(): Promise<void> {
    const response = await fetch(`${url}/graphql/stream`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream", authorization: `Bearer ${key}` },
      body: JSON.stringify({ query, variables: { runId, after } }),
      signal: cutting.signal,
    });
    let text = "";
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) {
        const data = /^event: next\ndata: (.*)$/s.exec(event)?.[1];
        if (cutting.signal.aborted || data === undefined) continue;
        const { data: result, errors } = JSON.parse(data) as Payload;
        if (errors) throw new Refused(JSON.stringify(errors));
        if (result) onBatch(result.runMetrics);
      }
    }
  }
  const ended = read().catch((error: unknown) => {
    if (error instanceof Refused) throw error;
  });
  return { ended, cut: () => cutting.abort() };
}

class Refused extends Error {}

import WebSocket from "ws";

/**
 * A subscription spoken by hand, so that the clients cost as little as they can.
 *
 * @param onBatch called with each `runMetrics` batch
 * @returns the socket, once the server has accepted the key and been asked
 */
export function subscribe({ url, key, query, variables }, onBatch) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("open", () =>
      socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${key}` } })),
    );
    socket.on("message", (data) => {
      const message = JSON.parse(data);
      if (message.type === "next") onBatch(message.payload.data.runMetrics);
      else if (message.type === "error") reject(new Error(JSON.stringify(message.payload)));
      else if (message.type === "connection_ack") {
        socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query, variables } }));
        resolve(socket);
      }
    });
  });
}

export const liveMetrics = `subscription ($runId: ID!, $after: String) {
  runMetrics(runId: $runId, after: $after) { cursor previousCursor points { seq name step epoch value } rewind { toStep } finished }
}`;

/** Milliseconds on the clock that all processes of a machine share. */
export const sharedClock = () => Number(process.hrtime.bigint()) / 1e6;

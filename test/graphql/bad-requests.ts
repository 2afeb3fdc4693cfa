import { once } from "node:events";
import { connect, type Socket } from "node:net";

const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
const webSocket = `${upgrade}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`;

/** Requests that no honest client sends, as text in which HOST stands for the server's own. None of them has a key. */
export const badRequests: [what: string, text: string][] = [
  ["an upgrade for //", `GET // HTTP/1.1\r\nHost: HOST\r\n${upgrade}\r\n`],
  ["an upgrade for //, with a WebSocket's headers", `GET // HTTP/1.1\r\nHost: HOST\r\n${webSocket}\r\n`],
  ["an upgrade for ///", `GET /// HTTP/1.1\r\nHost: HOST\r\n${upgrade}\r\n`],
  ["an upgrade for //[", `GET //[ HTTP/1.1\r\nHost: HOST\r\n${upgrade}\r\n`],
  ["an upgrade for http://", `GET http:// HTTP/1.1\r\nHost: HOST\r\n${upgrade}\r\n`],
  ["an upgrade for http://[/graphql", `GET http://[/graphql HTTP/1.1\r\nHost: HOST\r\n${upgrade}\r\n`],
  ["an upgrade for *", `OPTIONS * HTTP/1.1\r\nHost: HOST\r\n${upgrade}\r\n`],
  ["an upgrade for %", `GET /% HTTP/1.1\r\nHost: HOST\r\n${upgrade}\r\n`],
  [
    "an upgrade by POST with a body",
    `POST /graphql HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\n${webSocket}\r\nabc`,
  ],
  ["an upgrade without a key", `GET /graphql HTTP/1.1\r\nHost: HOST\r\n${upgrade}\r\n`],
  ["an upgrade with a bad key", `GET /graphql HTTP/1.1\r\nHost: HOST\r\n${webSocket.replace("dGhl", "\xff;")}\r\n`],
  ["an upgrade of a bad version", `GET /graphql HTTP/1.1\r\nHost: HOST\r\n${webSocket.replace("13", "-1")}\r\n`],
  [
    "an upgrade with bad subprotocols",
    `GET /graphql HTTP/1.1\r\nHost: HOST\r\n${webSocket}Sec-WebSocket-Protocol: ,,;\r\n\r\n`,
  ],
  [
    "an upgrade with bad extensions",
    `GET /graphql HTTP/1.1\r\nHost: HOST\r\n${webSocket}Sec-WebSocket-Extensions: permessage-deflate; =\r\n\r\n`,
  ],
  [
    "an upgrade to another protocol",
    `GET /graphql HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`,
  ],
  ["an upgrade without a Host", `GET /graphql HTTP/1.0\r\n${webSocket}\r\n`],
  ["a WebSocket that sends no frame", `GET /graphql HTTP/1.1\r\nHost: HOST\r\n${webSocket}\r\nnot a frame`],
  ["a request for //", "GET // HTTP/1.1\r\nHost: HOST\r\n\r\n"],
  ["a request for //[", "GET //[ HTTP/1.1\r\nHost: HOST\r\n\r\n"],
  ["a request for http://[", "GET http://[/graphql HTTP/1.1\r\nHost: HOST\r\n\r\n"],
  ["a request for an event stream at http://[", "GET http://[/graphql/stream HTTP/1.1\r\nHost: HOST\r\n\r\n"],
  ["a request for /artifacts/%", "GET /artifacts/% HTTP/1.1\r\nHost: HOST\r\n\r\n"],
  ["a request for /artifacts/%00", "GET /artifacts/%00?signature=%E0%A4%A HTTP/1.1\r\nHost: HOST\r\n\r\n"],
  ["a request for /health/%E0%A4%A", "GET /health/%E0%A4%A HTTP/1.1\r\nHost: HOST\r\n\r\n"],
  ["a request for *", "OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n"],
  ["a tunnel", "CONNECT example.com:443 HTTP/1.1\r\nHost: HOST\r\n\r\n"],
  ["a Host that is no host", "GET /health/live HTTP/1.1\r\nHost: [\r\n\r\n"],
  ["an Origin that is none", "GET /health/live HTTP/1.1\r\nHost: HOST\r\nOrigin: http://[\r\n\r\n"],
  ["two Hosts", "GET /health/live HTTP/1.1\r\nHost: HOST\r\nHost: evil\r\n\r\n"],
  ["an unknown expectation", "POST /graphql HTTP/1.1\r\nHost: HOST\r\nExpect: the unexpected\r\n\r\n"],
  ["no request line", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["an unknown method", "FROB / HTTP/1.1\r\nHost: HOST\r\n\r\n"],
  ["a bad header", "GET / HTTP/1.1\r\nHost: HOST\r\nno colon\r\n\r\n"],
  ["huge headers", `GET / HTTP/1.1\r\nHost: HOST\r\nX-Long: ${"x".repeat(100_000)}\r\n\r\n`],
  ["a huge target", `GET /${"x".repeat(100_000)} HTTP/1.1\r\nHost: HOST\r\n\r\n`],
  ["a body of two lengths", "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
  ["a bad chunk", "POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
  ["an unknown coding", "POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: frob\r\n\r\n"],
  [
    "headers with the names of what every object has",
    "GET /health/live HTTP/1.1\r\nHost: HOST\r\n__proto__: x\r\nconstructor: x\r\n\r\n",
  ],
];

/** A connection on which the text has been sent. Errors of it are the server's right. */
export async function sendRaw(port: number, text: string, allowHalfOpen = false): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen });
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(text.replaceAll("HOST", `127.0.0.1:${port}`), "latin1");
  return socket;
}

/** What the server answers before it closes the connection, or within `timeoutMs`. */
export async function answerTo(port: number, text: string, timeoutMs = 1_500): Promise<string> {
  const socket = await sendRaw(port, text);
  let answer = "";
  socket.setEncoding("latin1").on("data", (chunk) => {
    answer += chunk;
  });
  await new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
    // Connections that may be used again stay open: the answer is all that there is to wait for.
    const look = setInterval(() => answer.includes("\r\n\r\n") && done(), 20);
    const done = () => {
      clearInterval(look);
      clearTimeout(late);
      resolve();
    };
    const late = setTimeout(done, timeoutMs);
    socket.once("close", done);
  });
  socket.destroy();
  return answer;
}

/** Refused upgrades by clients that never close their side, and how many of them are still open after `afterMs`. */
export async function halfOpenUpgrades(port: number, count: number, afterMs: number): Promise<number> {
  const texts = [
    `GET // HTTP/1.1\r\nHost: HOST\r\n${upgrade}\r\n`,
    `GET /nowhere HTTP/1.1\r\nHost: HOST\r\n${webSocket}\r\n`,
    `GET /graphql HTTP/1.1\r\nHost: evil.example.com\r\n${webSocket}\r\n`,
    `GET /graphql HTTP/1.1\r\nHost: HOST\r\nOrigin: http://evil.example.com\r\n${webSocket}\r\n`,
    `GET /graphql HTTP/1.1\r\nHost: HOST\r\n${upgrade}\r\n`,
  ];
  const sockets = await Promise.all(
    Array.from({ length: count }, (_, index) => sendRaw(port, texts[index % texts.length] as string, true)),
  );
  for (const socket of sockets) socket.resume();
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  // Only a peer that has closed its end altogether answers with a reset, at the latest to the second packet.
  for (let packet = 0; packet < 3; packet++) {
    for (const socket of sockets) if (!socket.destroyed) socket.write("x");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const open = sockets.filter((socket) => !socket.destroyed).length;
  for (const socket of sockets) socket.destroy();
  return open;
}

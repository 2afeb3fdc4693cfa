import { once } from "node:events";
import { connect } from "node:net";

/** One kept-alive connection that sends a request, waits for the whole answer, and sends it again. */
async function openConnection(port, request, check) {
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  await once(socket, "connect");
  let answered = 0;
  let stopping = false;
  let stopped = () => {};
  let failure;
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
    const head = text.indexOf("\r\n\r\n");
    if (head < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1]);
    if (text.length < head + 4 + length) return;
    if (!text.startsWith("HTTP/1.1 200") || !check(text.slice(head + 4))) failure ??= new Error(text);
    text = "";
    answered++;
    if (stopping) stopped();
    else socket.write(request);
  });
  socket.write(request);
  return {
    get answered() {
      return answered;
    },
    async stop() {
      const last = new Promise((resolve) => {
        stopped = resolve;
      });
      stopping = true;
      await last;
      socket.destroy();
      if (failure) throw failure;
    },
  };
}

/**
 * Requests a second with `connections` at once, over `ms` after a tenth of that to warm up. Answers must be ASCII.
 *
 * @param check whether a body is the answer it should be
 */
export async function requestsPerSecond({ port, body, headers, connections, ms, check }) {
  const lines = { host: `127.0.0.1:${port}`, "content-type": "application/json", ...headers };
  const head = Object.entries({ ...lines, "content-length": Buffer.byteLength(body) })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  const request = `POST /graphql HTTP/1.1\r\n${head}\r\n${body}`;
  const open = await Promise.all(Array.from({ length: connections }, () => openConnection(port, request, check)));
  const answered = () => open.reduce((sum, connection) => sum + connection.answered, 0);
  await new Promise((resolve) => setTimeout(resolve, ms / 10));
  const [from, started] = [answered(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, ms));
  const perSecond = (answered() - from) / ((performance.now() - started) / 1_000);
  await Promise.all(open.map((connection) => connection.stop()));
  return perSecond;
}

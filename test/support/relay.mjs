/**
 * Passes TCP connections on: `node relay.mjs <listen> <target>`, each `host:port` or the path of a Unix socket, which
 * network namespaces do not separate. Prints "ready" once it listens.
 */
import { connect, createServer } from "node:net";

const [listen, target] = process.argv.slice(2).map((address) => {
  const [, host, port] = /^([^/]+):(\d+)$/.exec(address) ?? [];
  return host ? { host, port: Number(port) } : { path: address };
});

createServer((client) => {
  const server = connect(target);
  client.pipe(server).pipe(client);
  client.on("error", () => server.destroy());
  server.on("error", () => client.destroy());
}).listen(listen, () => console.log("ready"));

// The floor of a request over HTTP: bare Node reads a JSON body, parses it, and answers JSON.
import { createServer } from "node:http";

const server = createServer(async (request, response) => {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  const { variables } = JSON.parse(text);
  const answer = JSON.stringify({ data: { predictions: variables.rows.map(() => ({ value: "even" })) } });
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(answer) });
  response.end(answer);
});
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.on("disconnect", () => process.exit());

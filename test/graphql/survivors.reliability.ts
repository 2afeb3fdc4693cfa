import { Agent, request } from "node:http";
import { getHeapSpaceStatistics } from "node:v8";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { HttpServer } from "../../src/transport/http.js";
import { key, startToyServer } from "./toy-server.js";

let toy: HttpServer;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
beforeAll(async () => {
  toy = await startToyServer();
});
afterAll(async () => {
  agent.destroy();
  await toy.close();
});

function send(query: string): Promise<string> {
  const body = JSON.stringify({ query });
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  return new Promise((resolve, reject) => {
    const sent = request(`${toy.url}/graphql`, { agent, method: "POST", headers }, async (response) => {
      let text = "";
      for await (const chunk of response.setEncoding("utf8")) text += chunk;
      resolve(text);
    });
    sent.on("error", reject).end(body);
  });
}

const oldGeneration = () =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === "old_space")?.space_used_size ?? 0;

/** What requests leave in the old generation, each. A full collection in between makes it less, so the most counts. */
async function survivingBytes(requests: number): Promise<number> {
  let most = 0;
  for (let round = 0; round < 3; round++) {
    const before = oldGeneration();
    for (let sent = 0; sent < requests; sent++) expect(await send("{ __typename }")).toContain("Query");
    most = Math.max(most, (oldGeneration() - before) / requests);
  }
  return most;
}

// In a process of its own: what other test files have left behind would be promoted to the old generation meanwhile.
it("nothing of a request survives it: young collections stay short", async () => {
  await survivingBytes(300);
  // Before, each request left 16 kB.
  expect(await survivingBytes(2_000)).toBeLessThan(5_000);
}, 60_000);

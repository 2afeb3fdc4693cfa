import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operator, writeActor } from "../../src/entities/actor.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import { digest, digestOfRequest } from "../../src/language/fields/canonical.js";
import type { HttpServer } from "../../src/transport/http.js";
import { operationLimits } from "../../src/transport/operation-limits.js";
import { type Api, openApi } from "./api.js";
import { startApiServer, transports } from "./transports.js";

let api: Api;
let server: HttpServer;
beforeAll(async () => {
  api = await openApi();
  server = await startApiServer(api.platform);
});
afterAll(async () => {
  await server.close();
  await api.close();
});

const answer = "{ changed problems { path code } dataset { digest } }";
const declare = `mutation($input: DeclareDatasetInput!) { declareDataset(input: $input) ${answer} }`;
const texts = (length: number) => Array.from({ length }, (_, index) => index.toString(36));
const target = { name: "y", type: "NUMBER" };
const specOf = (declaration: unknown) => {
  const { spec } = resolveDataset(declaration as Parameters<typeof resolveDataset>[0]);
  if (!spec) throw new Error("the declaration is refused");
  return spec;
};

describe.each(transports)("over %s", (transport, ask) => {
  const name = `d-${transport.replaceAll(" ", "-")}`;

  it.each([
    ["long lists", 40, 4_000],
    ["many short lists", 700, 230],
  ])("a dataset with %s of categories is declared", async (what, features, categories) => {
    const columns = Array.from({ length: features }, (_, index) => ({
      ...{ name: `f${index}`, type: "CATEGORY" },
      categories: texts(categories),
    }));
    const input = { name: `${name}-${what.replaceAll(" ", "-")}`, features: [target, ...columns] };
    expect(features * categories).toBeGreaterThan(operationLimits.maxVariableValues);
    const spec = specOf(input);
    const sent = { ...input, idempotencyKey: input.name };
    const declared = { problems: [], dataset: { digest: digest(spec) } };
    for (const changed of [true, true])
      expect(await ask(server.url, declare, { input: sent })).toEqual({
        data: { declareDataset: { changed, ...declared } },
      });
    expect(await ask(server.url, declare, { input })).toEqual({
      data: { declareDataset: { changed: false, ...declared } },
    });
    const [row] = await api.platform.db.query(
      "SELECT features, d.actor, k.request_digest FROM dataset d JOIN idempotency_key k ON k.key = d.name WHERE name = $1",
      [input.name],
    );
    // Keys that were used before an update must still fit.
    expect(row).toEqual({
      features: spec.features,
      actor: writeActor(operator),
      request_digest: digestOfRequest(spec),
    });
  });

  it("categories may be variables of their own", async () => {
    const names = Array.from({ length: 8 }, (_, index) => `c${index}`);
    const definitions = names.map((each) => `$${each}: [String!]`).join(" ");
    const features = names.map((each) => `{ name: "${each}", type: CATEGORY, categories: $${each} }`).join(" ");
    const dataset = `{ name: "${name}-own", features: [{ name: "y", type: NUMBER } ${features}] }`;
    const query = `mutation(${definitions}) { declareDataset(input: ${dataset}) { problems { path code } } }`;
    const variables = Object.fromEntries(names.map((each) => [each, texts(10_000)]));
    expect(await ask(server.url, query, variables)).toEqual({ data: { declareDataset: { problems: [] } } });
  });

  it.each([
    [
      "other lists",
      { name: "huge", features: [{ ...target, shape: new Array(operationLimits.maxVariableValues + 1).fill(1) }] },
    ],
    [
      "categories that are no strings",
      { name: "huge", features: [{ ...target, categories: new Array(operationLimits.maxVariableValues + 1).fill(1) }] },
    ],
  ])("too many values in %s are refused", async (_what, input) => {
    const asked = ask(server.url, declare, { input });
    // An event stream takes smaller bodies than would hold so many values.
    if (transport === "SSE") return expect(asked).rejects.toThrow("413");
    const { errors } = await asked;
    expect(errors).toMatchObject([{ extensions: { code: "LIMIT_EXCEEDED" } }]);
    expect(errors?.[0]?.message).toContain("the limit is 150,000");
  });
});

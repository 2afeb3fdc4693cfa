import type { ExecutionResult } from "graphql";
import { And, Any, Equal, type FindOptionsWhere, Like, Not, type ObjectLiteral } from "typeorm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Scope } from "../../src/db/scope.js";
import { Session } from "../../src/db/session.js";
import { operator } from "../../src/entities/actor.js";
import { createContext } from "../../src/graphql/context/context.js";
import { createSchema } from "../../src/graphql/schema.js";
import { requireVersionId } from "../../src/registry/versions.js";
import { createPlanner } from "../../src/serving/plan.js";
import { createOutbox } from "../../src/transport/backpressure.js";
import { createExecutor } from "../../src/transport/execute.js";
import { type Answer, type Api, contract, irisRows, openApi } from "./api.js";
import { registerVersions } from "./training.js";

/** A scope that does not hold what is named `hidden…`, as that of a project does not hold what is another project's. */
class NarrowScope extends Scope {
  override where<Declared extends ObjectLiteral & { name: string }>(name: string | readonly string[]) {
    const named = typeof name === "string" ? Equal(name) : Any(name);
    return { name: And(named, Not(Like("hidden%"))) } as unknown as FindOptionsWhere<Declared>;
  }
  override idOf(table: string, parameter: string): string {
    return `(SELECT id FROM ${table} WHERE name = ${parameter} AND name NOT LIKE 'hidden%')`;
  }
}

const threadUrl = new URL("../../dist/serving/plan-thread.js", import.meta.url);
let api: Api;
let scope = new Scope();
const planner = () => createPlanner({ db: api.platform.db, threadUrl });
let plans: ReturnType<typeof planner>;
const executor = createExecutor(createSchema(), (request) =>
  createContext({ ...api.platform, planner: plans }, request, scope),
);
const request = {
  transport: "websocket" as const,
  ...{ actor: operator, headers: {}, remoteAddress: undefined, signal: new AbortController().signal },
};

async function ask(query: string, variables: Record<string, unknown> = {}): Promise<Answer> {
  const operation = executor.prepare({ query, variables }, request, createOutbox());
  if (!("document" in operation)) throw new Error(JSON.stringify(operation));
  return JSON.parse(JSON.stringify((await executor.run(operation)) as ExecutionResult));
}

const input = async (name: string) => (await contract(name)).variables.input as Record<string, unknown>;

/** The paths and codes for which a mutation, or a plan, is refused. */
async function problemsOf(field: string, given: object): Promise<string[]> {
  const isPlan = field === "planTraining";
  const type = isPlan ? "TrainInput" : `${field[0]?.toUpperCase()}${field.slice(1)}Input`;
  const { data, errors } = await ask(
    `${isPlan ? "query" : "mutation"} ($input: ${type}!) { ${field}(input: $input) { problems { path code } } }`,
    { input: given },
  );
  expect(errors).toBeUndefined();
  return data[field].problems.map(({ path, code }: { path: string; code: string }) => `${path} ${code}`);
}

beforeAll(async () => {
  api = await openApi();
  plans = planner();
  for (const [kind, step, more] of [
    ["declareDataset", "01-declare-dataset", {}],
    ["appendRows", "02-append-rows", { dataset: "hidden-rows", rows: irisRows(150) }],
    ["declareModel", "03-declare-model", { dataset: "hidden-rows" }],
    ["declareOptimizer", "04-declare-optimizer", {}],
  ] as const) {
    const name = { declareDataset: "hidden-rows", declareModel: "hidden-model", declareOptimizer: "hidden-rule" };
    const named = kind === "appendRows" ? {} : { name: name[kind] };
    expect(await problemsOf(kind, { ...(await input(step)), ...named, ...more })).toEqual([]);
  }
  await registerVersions(api.platform.db, "hidden-model", 1);
  const policy = { ...(await input("11-declare-retraining")), name: "hidden-policy" };
  expect(await problemsOf("declareRetraining", { ...policy, model: "hidden-model", optimizer: "hidden-rule" })).toEqual(
    [],
  );
  expect(await problemsOf("setAlias", { model: "hidden-model", alias: "champion", version: 1 })).toEqual([]);
});
afterAll(async () => {
  await plans.close();
  await api.close();
});

const everything = `{ dataset(name: "hidden-rows") { name } model(name: "hidden-model") { name }
  optimizer(name: "hidden-rule") { name } retraining(name: "hidden-policy") { name }
  newest: modelVersion(ref: "hidden-model") { ref } first: modelVersion(ref: "hidden-model/1") { ref }
  champion: modelVersion(ref: "hidden-model@champion") { ref } }`;

describe("a name", () => {
  it("is found in the scope of the request", async () => {
    scope = new Scope();
    expect(Object.values((await ask(everything)).data)).not.toContain(null);
  });

  it("is found by no query outside of it", async () => {
    scope = new NarrowScope();
    expect(new Set(Object.values((await ask(everything)).data))).toEqual(new Set([null]));
  });

  it.each([
    ["dataset", "hidden-rows"],
    ["model", "hidden-model"],
  ])("is followed by no subscription outside of it: %s", async (noun, name) => {
    scope = new NarrowScope();
    const { errors } = await ask(`subscription { ${noun}Events(${noun}: "${name}") { cursor } }`);
    expect(errors?.[0]?.message).toBe(`there is no ${noun} "${name}"`);
  });

  it.each<[string, string, object, string[]]>([
    ["appendRows", "02-append-rows", { dataset: "hidden-rows" }, ["dataset UNKNOWN_REFERENCE"]],
    ["declareModel", "03-declare-model", { dataset: "hidden-rows" }, ["dataset UNKNOWN_REFERENCE"]],
    [
      ...(["declareRetraining", "11-declare-retraining"] as const),
      { model: "hidden-model", optimizer: "hidden-rule" },
      ["model UNKNOWN_REFERENCE", "optimizer UNKNOWN_REFERENCE"],
    ],
    [
      ...(["train", "05-train"] as const),
      { model: "hidden-model", optimizer: "hidden-rule" },
      ["model UNKNOWN_REFERENCE", "optimizer UNKNOWN_REFERENCE"],
    ],
    [
      ...(["planTraining", "05-train"] as const),
      { model: "hidden-model", optimizer: "hidden-rule" },
      ["model UNKNOWN_REFERENCE", "optimizer UNKNOWN_REFERENCE"],
    ],
  ])("is no reference outside of it: %s", async (field, step, names, problems) => {
    scope = new NarrowScope();
    const given = { ...(await input(step)), ...(field.startsWith("declare") && { name: "visible" }), ...names };
    expect(await problemsOf(field, given)).toEqual(problems);
  });

  it.each<[string, object, string]>([
    ["setAlias", { model: "hidden-model", alias: "x", version: 1 }, "model UNKNOWN_REFERENCE"],
    ["deleteAlias", { model: "hidden-model", alias: "champion" }, "model UNKNOWN_REFERENCE"],
    ["tagVersion", { version: "hidden-model/1", key: "k", value: "v" }, "version UNKNOWN_REFERENCE"],
    ["reproduceVersion", { ref: "hidden-model@champion" }, "ref UNKNOWN_REFERENCE"],
  ])("is no reference of %s outside of it", async (field, given, problem) => {
    scope = new NarrowScope();
    expect(await problemsOf(field, given)).toEqual([problem]);
  });

  it("is not predicted by outside of it", async () => {
    const { db } = api.platform;
    expect(await requireVersionId(db, "hidden-model")).toMatch(/^version_/);
    const session = new Session(db, operator, new NarrowScope());
    await expect(requireVersionId(session, "hidden-model")).rejects.toMatchObject({ code: "NOT_FOUND" });
    // What is computed elsewhere for a request looks names up in the scope of the request.
    const { caller } = createContext(api.platform, undefined, session.scope);
    expect(caller.session?.scope).toBe(session.scope);
  });
});

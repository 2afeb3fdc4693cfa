import { request } from "node:http";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { ExecutionResult } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operator } from "../../src/entities/actor.js";
import { createContext, type Platform } from "../../src/graphql/context/context.js";
import { createSchema } from "../../src/graphql/schema.js";
import { silent } from "../../src/logger.js";
import { declareModel } from "../../src/registry/declare-model.js";
import type { Predictor } from "../../src/serving/predictor.js";
import { createOutbox } from "../../src/transport/backpressure.js";
import { createExecutor, type RequestInfo } from "../../src/transport/execute.js";
import { testIntake } from "../support/intake.js";
import { leastOf } from "../support/least-of.js";
import { accepted, declareClouds, openWorkbench, type Workbench } from "../support/workbench.js";
import { openPlanner, openPredictor, type Served, serve, servedVersions } from "./served.js";

let bench: Workbench;
const intake = testIntake();
let predictor: Predictor;
let plans: ReturnType<typeof openPlanner>;
let served: Served;
let versionId: string;

beforeAll(async () => {
  bench = await openWorkbench();
  await declareClouds(bench);
  const deep = Array.from({ length: 200 }, () => ({ dense: { units: 4, activation: "TANH" as const } }));
  await accepted(declareModel(bench.db, { name: "deep", dataset: "clouds", target: "kind", layers: deep }));
  versionId = ((await servedVersions(bench, "kinds", 1))[0] as { id: string }).id;
  predictor = openPredictor(bench);
  plans = openPlanner(bench.db);
  served = await serve(bench, { predictor, planner: plans });
});
afterAll(async () => {
  await intake.close();
  await served?.close();
  await Promise.all([predictor?.close(), plans?.close()]);
  await bench?.close();
});

const rows = 150_000;
const many = Array.from({ length: rows }, (_, index) => ({ x: Math.sin(index), y: Math.cos(index) }));
const predict = (selection: string) =>
  `query ($rows: [JSONObject!]!) { predict(model: "kinds", rows: $rows) { predictions { ${selection} } } }`;

async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

/** The longest that the loop stands still while something is done, in milliseconds. */
const longestStall = (act: () => Promise<unknown>) => leastOf(250, () => stallOf(act));

async function stallOf(act: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await act();
  await new Promise((resolve) => setTimeout(resolve, 20));
  delay.disable();
  return delay.max / 1e6;
}

describe("a prediction of 150,000 rows", () => {
  it("lets predictions of one row in between, and answers what they answer", async () => {
    const single = () => served.send(JSON.stringify({ query: predict("value"), variables: { rows: [many[7]] } }));
    const alone = JSON.parse(String(await single()));
    const body = JSON.stringify({ query: predict("value"), variables: { rows: many } });
    let done = false;
    const large = served.send(body).finally(() => {
      done = true;
    });
    const waits: number[] = [];
    while (!done) waits.push(await timed(single));
    const { data } = JSON.parse(String(await large));
    expect(data.predict.predictions).toHaveLength(rows);
    expect(data.predict.predictions[7]).toEqual(alone.data.predict.predictions[0]);
    // Most of what they wait for is the reading of a body of 7 MB. Without turns, all but two or three wait for everything.
    expect(waits.length).toBeGreaterThan(8);
    expect(waits.sort((a, b) => a - b)[Math.floor(waits.length / 2)]).toBeLessThan(500);
  });

  it("does not keep the loop while its rows are checked, sent and answered, or refused", async () => {
    await predictor.predict(versionId, many.slice(0, 1_000));
    const stall = await longestStall(async () => {
      const answers = await predictor.predict(versionId, many);
      expect(answers).toHaveLength(rows);
    });
    expect(stall).toBeLessThan(500);
    const wrong = many.map(({ x }) => ({ x }));
    const refused = await longestStall(() =>
      expect(predictor.predict(versionId, wrong)).rejects.toMatchObject({ code: "INVALID_ROWS" }),
    );
    expect(refused).toBeLessThan(500);
  });

  it("does not keep the loop while its answers are completed, fragments, aliases and directives included", async () => {
    const prediction = {
      ...{ value: "a", problems: [] },
      probabilities: ["a", "b", "c"].map((category) => ({ category, probability: 1 / 3 })),
    };
    const answers = (count: number) => Array.from({ length: count }, () => prediction);
    const platform = (count: number) =>
      ({
        ...bench,
        ...{ intake, reader: { modulePath: "none", env: {} }, logger: silent, planner: plans },
        predictor: { predictBy: async () => ({ versionId, predictions: answers(count) }) },
      }) satisfies Platform;
    const query = `query ($rows: [JSONObject!]!, $no: Boolean!) {
      predict(model: "kinds", rows: $rows) { all: predictions { ...Told } predictions { problems { code } } }
    }
    fragment Told on Prediction { __typename answer: value value @include(if: $no) probabilities { category probability } }`;
    const run = async (count: number) => {
      const executor = createExecutor(createSchema(), () => createContext(platform(count)));
      const from = { transport: "http", actor: operator, headers: {} } as RequestInfo;
      const operation = executor.prepare({ query, variables: { rows: [{}], no: false } }, from, createOutbox());
      if (!("document" in operation)) throw operation[0];
      return (await executor.run(operation)) as ExecutionResult<{ predict: Record<string, unknown[]> }>;
    };
    // A short list is left to graphql-js: the long one has to become the same.
    const short = (await run(10)).data?.predict;
    let long: typeof short;
    const stall = await longestStall(async () => {
      long = (await run(rows)).data?.predict;
    });
    expect(long?.all).toHaveLength(rows);
    expect(long?.all?.slice(-10)).toEqual(short?.all);
    expect(long?.predictions?.slice(-10)).toEqual(short?.predictions);
    expect(stall).toBeLessThan(500);
  });

  it("and a client whose requests go through Apollo gets the same", async () => {
    const body = JSON.stringify({
      query: predict("value problems { path }"),
      variables: { rows: many.slice(0, 3_000) },
    });
    const direct = JSON.parse(String(await served.send(body)));
    const apollo = JSON.parse(String(await served.send(body, { accept: "application/graphql-response+json" })));
    expect(direct.data.predict.predictions).toHaveLength(3_000);
    expect(apollo).toEqual(direct);
  });
});

describe("ten aliased plans of 200 layers", () => {
  const plan = (model: string) =>
    `planTraining(input: { model: "${model}", optimizer: "adam", epochs: 1 }) { problems { message } plan { steps } }`;
  const ten = `{ ${Array.from({ length: 10 }, (_, index) => `p${index}: ${plan("deep")}`).join("\n")} }`;
  const declare = `mutation ($input: DeclareModelInput!) { declareModel(input: $input) { problems { message } changed } }`;
  const trivial = (name: string) => ({
    input: { name, dataset: "clouds", target: "kind", layers: [{ dense: { units: 3 } }] },
  });

  it("hold up neither `declareModel` nor another plan for long, and are dropped when their client goes", async () => {
    // Both threads are there.
    await served.ask(declare, trivial("first"));
    const one = await timed(() => served.ask(`{ ${plan("deep")} }`));
    const sent = request(`${served.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: "Bearer pk_test-key-0123456789abcdefghijklmnopqrstuv",
      },
    });
    sent.on("error", () => {});
    sent.end(JSON.stringify({ query: ten }));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const start = performance.now();
    const others = [
      timed(async () => expect((await served.ask(declare, trivial("second"))).data.declareModel.changed).toBe(true)),
      timed(async () =>
        expect((await served.ask(`{ ${plan("kinds")} }`)).data.planTraining.plan.steps).toBeGreaterThan(0),
      ),
    ];
    const [declaring, planning] = (await Promise.all(others)) as [number, number];
    // The check has a thread of its own; the plan waits for the one that is computed and, at the most, one more.
    expect(declaring).toBeLessThan(Math.max(1_000, 2 * one));
    expect(planning).toBeLessThan(Math.max(1_500, 4 * one));
    sent.destroy();
    await served.ask(`{ ${plan("kinds")} }`);
    await served.ask(`{ ${plan("kinds")} }`);
    // All ten would take ten times as long as one.
    expect(performance.now() - start).toBeLessThan(Math.max(3_000, 7 * one));
  });
});

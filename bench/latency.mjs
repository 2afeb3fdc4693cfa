// How long a user waits: first start, `train` to the first metric point, one prediction, a batch of predictions.
// Starts the built platform in a fresh data directory on loopback. `node bench/latency.mjs`, or `npm run bench:latency`.
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { post, startPlatform } from "./start-platform.mjs";

const warmUpRounds = 4;
const singleRounds = 7;
const requestsPerRound = 400;
const { request, firstStart, stop } = await startPlatform();
const floorServer = fork(fileURLToPath(new URL("bare-http.mjs", import.meta.url)));
const [floor] = await once(floorServer, "message");

const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.floor(q * (values.length - 1))];

/** Ticks of all processors: idle, stolen by the host, and all. Undefined without /proc. */
function processorTimes() {
  try {
    const ticks = readFileSync("/proc/stat", "utf8").split("\n")[0].trim().split(/\s+/).slice(1, 9).map(Number);
    return { idle: ticks[3] + ticks[4], stolen: ticks[7], all: ticks.reduce((sum, each) => sum + each, 0) };
  } catch {
    return undefined;
  }
}

/** How quiet the machine was: at less than a third idle, others were at work, too. */
function processorShares(from, to) {
  if (!from || !to) return "processors unknown";
  const share = (name) => ((100 * (to[name] - from[name])) / (to.all - from.all)).toFixed(1);
  return `processors ${share("idle")} % idle, ${share("stolen")} % stolen`;
}

try {
  const row = (index) => ({ x: Math.sin(index), y: Math.cos(index * 1.7), kind: index % 2 ? "odd" : "even" });
  await request(`mutation ($input: DeclareDatasetInput!) { declareDataset(input: $input) { problems { message } } }`, {
    input: {
      name: "bench",
      features: [
        { name: "x", type: "NUMBER" },
        { name: "y", type: "NUMBER" },
        { name: "kind", type: "CATEGORY", categories: ["even", "odd"] },
      ],
    },
  });
  await request(`mutation ($input: AppendRowsInput!) { appendRows(input: $input) { problems { message } } }`, {
    input: { dataset: "bench", rows: Array.from({ length: 500 }, (_, index) => row(index)) },
  });
  await request(`mutation {
    declareModel(input: { name: "bench", dataset: "bench", target: "kind", layers: [{ dense: { units: 32, activation: RELU } }] }) { problems { message } }
    declareOptimizer(input: { name: "bench", algorithm: { adam: {} } }) { problems { message } }
  }`);

  const toFirstStep = [];
  for (let round = 0; round < 7; round++) {
    // An idle, warm worker: its spare trainer has had time to load.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const asked = performance.now();
    const { train } = await request(
      `mutation { train(input: { model: "bench", optimizer: "bench", epochs: 1 }) { problems { message } run { id } } }`,
    );
    for (let state = { metrics: [] }; state.metrics.length === 0; )
      state = (
        await request(`query ($id: ID!) { run(id: $id) { metrics(names: ["loss"], maxPoints: 1) { name } } }`, {
          id: train.run.id,
        })
      ).run;
    toFirstStep.push(performance.now() - asked);
  }

  const query = `query ($rows: [JSONObject!]!) { predict(model: "bench", rows: $rows) { predictions { value } } }`;
  const predict = (rows) => request(query, { rows });
  const bare = (rows) => post(`http://127.0.0.1:${floor.port}/`, "none", { query, variables: { rows } });
  const inputs = ({ x, y }) => ({ x, y });
  const rounds = [];
  const timesBefore = processorTimes();
  const fresh = [];
  // The first rounds, in which V8 compiles what is called often, warm both up.
  for (let round = -warmUpRounds; round < singleRounds; round++) {
    const measured = { predict: [], bare: [] };
    for (let index = 0; index < requestsPerRound; index++)
      for (const [name, ask] of Object.entries({ predict, bare })) {
        const asked = performance.now();
        await ask([inputs(row(index))]);
        measured[name].push(performance.now() - asked);
      }
    (round < 0 ? fresh : rounds).push(measured);
  }
  const shares = processorShares(timesBefore, processorTimes());
  const batch = Array.from({ length: 5_000 }, (_, index) => inputs(row(index)));
  const perSecond = [];
  for (let round = 0; round < 7; round++) {
    const asked = performance.now();
    await predict(batch);
    perSecond.push(batch.length / ((performance.now() - asked) / 1_000));
  }

  console.log(`${os.cpus()[0].model}, ${os.availableParallelism()} cores, Node ${process.version}`);
  console.log(`first start to ready          ${(firstStart / 1_000).toFixed(1)} s`);
  console.log(`train to first point, median  ${quantile(toFirstStep, 0.5).toFixed(0)} ms (of 7, over HTTP)`);
  const ofRounds = (measured, name, q) => {
    const quantiles = measured.map((round) => quantile(round[name], q));
    return quantile(quantiles, 0.5);
  };
  const times = (measured, name) =>
    [0.5, 0.99]
      .map((q) => ofRounds(measured, name, q).toFixed(1))
      .join(" / ")
      .concat(" ms");
  console.log(
    `Requests one after another, p50 / p99, medians of ${singleRounds} rounds of ${requestsPerRound}; ${shares}:`,
  );
  console.log(`one prediction                ${times(rounds, "predict")} (over HTTP)`);
  console.log(`bare Node HTTP, the floor here ${times(rounds, "bare")} (in turns with the predictions)`);
  console.log(
    `the first ${requestsPerRound} of each         ${times([fresh[0]], "predict")}; the floor ${times([fresh[0]], "bare")}`,
  );
  console.log(
    `5,000 rows a request, median  ${Math.round(quantile(perSecond, 0.5)).toLocaleString("en")} rows/s (of 7)`,
  );
} finally {
  floorServer.disconnect();
  await stop();
}

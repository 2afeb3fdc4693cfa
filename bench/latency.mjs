// How long a user waits: first start, `train` to the first metric point, one prediction, a batch of predictions.
// Starts the built platform in a fresh data directory on loopback. `node bench/latency.mjs`, or `npm run bench:latency`.
import os from "node:os";
import { startPlatform } from "./start-platform.mjs";

const rounds = 200;
const { request, firstStart, stop } = await startPlatform();

const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.floor(q * (values.length - 1))];

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

  const predict = (rows) =>
    request(`query ($rows: [JSONObject!]!) { predict(model: "bench", rows: $rows) { predictions { value } } }`, {
      rows,
    });
  const inputs = ({ x, y }) => ({ x, y });
  for (let round = 0; round < 50; round++) await predict([inputs(row(round))]);
  const single = [];
  for (let round = 0; round < rounds; round++) {
    const asked = performance.now();
    await predict([inputs(row(round))]);
    single.push(performance.now() - asked);
  }
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
  console.log(
    `one prediction, p50 / p99     ${quantile(single, 0.5).toFixed(1)} / ${quantile(single, 0.99).toFixed(1)} ms (of ${rounds}, over HTTP)`,
  );
  console.log(
    `5,000 rows a request, median  ${Math.round(quantile(perSecond, 0.5)).toLocaleString("en")} rows/s (of 7)`,
  );
} finally {
  await stop();
}

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { assignSplit } from "../../src/features/split.js";
import type { SplitPart } from "../../src/language/datasets/dataset.js";
import { until } from "../support/workbench.js";
import { clientOf } from "./client.js";
import { type PlatformProcess, removeData, startPlatformProcess } from "./platform-process.js";

/** Which part a row belongs to follows from its key, so that the tests can say what each part holds. */
const split = { train: 0.5, validation: 0.25, test: 0.25, key: "key", seed: 0 };
let keys = 0;
function keyIn(part: SplitPart): string {
  for (;;) {
    const key = `row-${keys++}`;
    if (assignSplit(split, 0, key) === part) return key;
  }
}

let platform: PlatformProcess;
beforeAll(async () => {
  platform = await startPlatformProcess();
});
afterAll(async () => {
  await platform?.stop();
  await removeData(platform);
});

const { ask, accept: mutate } = clientOf(() => platform);

const append = (dataset: string, rows: object[]) => mutate("appendRows", "AppendRowsInput", { dataset, rows });

async function declare(dataset: string, features: object[], rows: object[], model: object): Promise<void> {
  const all = [{ name: "key", type: "TEXT" }, ...features];
  await mutate("declareDataset", "DeclareDatasetInput", { name: dataset, features: all, split });
  await append(dataset, rows);
  await mutate("declareModel", "DeclareModelInput", { name: dataset, dataset, target: "y", layers: [], ...model });
}

const declareOptimizer = (name: string, learningRate: number) =>
  mutate("declareOptimizer", "DeclareOptimizerInput", {
    ...{ name, algorithm: { sgd: {} }, learningRate: { constant: learningRate } },
  });

/** Trains and answers the run when it has ended well. */
async function train(input: object) {
  const query = "mutation ($input: TrainInput!) { train(input: $input) { problems { message } run { id } } }";
  const { problems, run } = (await ask(query, { input })).train;
  expect(problems).toEqual([]);
  const read = () =>
    ask("query ($id: ID!) { run(id: $id) { state error { message } summary { name value undefinedReason } } }", run);
  await until(async () => ["SUCCEEDED", "FAILED"].includes((await read()).run.state));
  const ended = (await read()).run;
  expect(ended).toMatchObject({ state: "SUCCEEDED", error: null });
  return ended as { summary: Measured[] };
}

interface Measured {
  name: string;
  split: string;
  value: number | "NaN";
  undefinedReason: string | null;
}

async function versionOf(ref: string): Promise<{ aliases: string[]; evaluation: Measured[] }> {
  const query = `query ($ref: String!) {
    modelVersion(ref: $ref) { aliases evaluation { split name value undefinedReason } } }`;
  return (await ask(query, { ref })).modelVersion;
}

const measuredAs = (values: Measured[], name: string, part?: string) =>
  values.find((value) => value.name === name && (part === undefined || value.split === part));

/** What the version predicts for values of its input `x`. */
async function predictions(ref: string, inputs: object[]): Promise<number[]> {
  const query =
    "query ($ref: String!, $rows: [JSONObject!]!) { predict(model: $ref, rows: $rows) { predictions { value } } }";
  const { predict } = await ask(query, { ref, rows: inputs });
  return predict.predictions.map(({ value }: { value: number }) => value);
}

describe("a gate whose metric is undefined on the test rows", () => {
  const number = [
    { name: "x", type: "NUMBER" },
    { name: "weight", type: "NUMBER" },
    { name: "y", type: "NUMBER" },
  ];
  const rowsOf = (part: SplitPart, count: number, y: unknown, weight = 1) =>
    Array.from({ length: count }, (_, row) => ({ key: keyIn(part), x: (row % 5) - 2, weight, y }));
  const regression = { inputs: ["x"], metrics: ["R2_SCORE", "ROOT_MEAN_SQUARED_ERROR"] };
  const cases = [
    {
      name: "one-test-row",
      ...{ metric: "r2_score", features: number, model: regression, reason: "there is only one row" },
      first: () => [...rowsOf("train", 20, 5), ...rowsOf("validation", 2, 5), ...rowsOf("test", 1, 5)],
      next: () => rowsOf("train", 20, 2_337),
    },
    {
      name: "equal-targets",
      ...{ metric: "r2_score", features: number, model: regression, reason: "the targets of all rows are equal" },
      first: () => [...rowsOf("train", 20, 5), ...rowsOf("validation", 2, 5), ...rowsOf("test", 4, 5)],
      next: () => rowsOf("train", 20, 2_337),
    },
    {
      name: "no-weight",
      ...{ metric: "loss", features: number, reason: "the weight of every row is 0" },
      model: { ...regression, sampleWeight: "weight" },
      first: () => [...rowsOf("train", 20, 5), ...rowsOf("validation", 2, 5, 0), ...rowsOf("test", 4, 5, 0)],
      next: () => rowsOf("train", 20, 2_337),
    },
    {
      name: "never-true",
      ...{ metric: "precision", reason: "no row is predicted to be true" },
      features: [
        { name: "x", type: "NUMBER" },
        { name: "weight", type: "NUMBER" },
        { name: "y", type: "BINARY" },
      ],
      model: { inputs: ["x"], metrics: ["PRECISION", "ACCURACY"] },
      first: () => [...rowsOf("train", 20, false), ...rowsOf("validation", 2, true), ...rowsOf("test", 4, true)],
      next: () => rowsOf("train", 20, false),
    },
  ];

  beforeAll(() => declareOptimizer("steep", 0.4));

  it.concurrent.each(cases)(
    "$name: the champion stays",
    async ({ name, metric, features, model, reason, first, next }) => {
      await declare(name, features, first(), model);
      await train({ model: name, optimizer: "steep", epochs: 40, batchSize: 20 });
      await mutate("setAlias", "SetAliasInput", { model: name, alias: "champion", version: 1 });
      const champion = await versionOf(`${name}/1`);
      expect(measuredAs(champion.evaluation, metric, "TEST")).toMatchObject({ value: "NaN", undefinedReason: reason });

      await mutate("declareRetraining", "DeclareRetrainingInput", {
        ...{ name, model: name, optimizer: "steep", when: { newRows: 20 } },
        train: { fineTune: { from: "champion", epochs: 40, batchSize: 20, replay: { fraction: 0 } } },
        promote: { alias: "champion", metric },
      });
      await append(name, next());
      const events = platform.subscribe(
        `subscription ($model: String!) { modelEvents(model: $model) { kind reason version { ref } } }`,
        { model: name },
      );
      let verdict: { kind: string; reason: string; version: { ref: string } } | undefined;
      let moves = 0;
      for await (const { data } of events) {
        if (data.modelEvents.kind === "ALIAS_MOVED") moves++;
        if (moves < 2 && data.modelEvents.kind !== "PROMOTION_REFUSED") continue;
        verdict = data.modelEvents;
        break;
      }
      events.close();
      expect(verdict).toEqual({
        kind: "PROMOTION_REFUSED",
        reason: `the challenger's ${metric} is undefined on the test rows: ${reason}`,
        version: { ref: `${name}/2` },
      });
      expect((await versionOf(`${name}/1`)).aliases).toEqual(["champion"]);
      const challenger = await versionOf(`${name}/2`);
      expect(challenger.aliases).toEqual([]);
      if (name !== "never-true") {
        const error = (version: typeof champion) =>
          measuredAs(version.evaluation, "root_mean_squared_error", "TEST")?.value as number;
        expect(error(champion)).toBeLessThan(1e-4);
        expect(error(challenger)).toBeCloseTo(2_332, 0);
      }
      // No comparison by size holds for what is NaN.
      const count = `query ($filter: ModelVersionFilter) { modelVersions(filter: $filter) { totalCount } }`;
      for (const size of [{ gt: -1e9 }, { gte: -1e9 }, { lt: 1e9 }, { lte: 1e9 }]) {
        const filter = { model: { eq: name }, evaluation: { name: metric, ...size } };
        expect((await ask(count, { filter })).modelVersions.totalCount).toBe(0);
      }
    },
  );
});

describe("metrics of a regression", () => {
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const mean = (values: number[]) => sum(values) / values.length;
  /** scikit-learn's definitions, but for percentages the least divisor, which is Keras's. */
  const formulas: Record<string, (targets: number[], predicted: number[]) => number> = {
    r2_score: (y, p) =>
      1 - sum(y.map((value, i) => (value - (p[i] ?? 0)) ** 2)) / sum(y.map((value) => (value - mean(y)) ** 2)),
    mean_absolute_error: (y, p) => mean(y.map((value, i) => Math.abs(value - (p[i] ?? 0)))),
    mean_squared_error: (y, p) => mean(y.map((value, i) => (value - (p[i] ?? 0)) ** 2)),
    root_mean_squared_error: (y, p) => Math.sqrt(mean(y.map((value, i) => (value - (p[i] ?? 0)) ** 2))),
    mean_absolute_percentage_error: (y, p) =>
      mean(y.map((value, i) => (100 * Math.abs(value - (p[i] ?? 0))) / Math.max(Math.abs(value), 1e-7))),
  };
  // Too small a step to change a weight: what the epochs measure is what the version predicts.
  const still = 1e-38;

  it("are measured on the targets as they are, whatever the largest of the training rows", async () => {
    const small = (part: SplitPart) =>
      Array.from({ length: 11 }, (_, row) => ({ key: keyIn(part), x: (row * 7) % 11, y: row }));
    const outlier = { key: keyIn("train"), x: 3, y: 1e12 };
    const rows = { TRAIN: [...small("train"), outlier], VALIDATION: small("validation"), TEST: small("test") };
    await declareOptimizer("still", still);
    await declare(
      "outlier",
      [
        { name: "x", type: "NUMBER" },
        { name: "y", type: "NUMBER" },
      ],
      Object.values(rows).flat(),
      { inputs: ["x"], metrics: Object.keys(formulas).map((name) => name.toUpperCase()) },
    );
    const { summary } = await train({ model: "outlier", optimizer: "still", epochs: 1, batchSize: 5 });
    const { evaluation } = await versionOf("outlier/1");

    for (const [name, formula] of Object.entries(formulas)) {
      const expected = async (part: keyof typeof rows) => {
        const predicted = await predictions(
          "outlier/1",
          rows[part].map(({ x }) => ({ x })),
        );
        return formula(
          rows[part].map(({ y }) => y),
          predicted,
        );
      };
      const cases: [value: unknown, expected: number][] = [
        [measuredAs(summary, name)?.value, await expected("TRAIN")],
        [measuredAs(summary, `val_${name}`)?.value, await expected("VALIDATION")],
        [measuredAs(evaluation, name, "VALIDATION")?.value, await expected("VALIDATION")],
        [measuredAs(evaluation, name, "TEST")?.value, await expected("TEST")],
      ];
      for (const [value, wanted] of cases) expect((value as number) / wanted, name).toBeCloseTo(1, 9);
    }
    // An R² of 0 is what it used to be: all targets were the same number in float32.
    expect(measuredAs(evaluation, "r2_score", "TEST")?.value).toBeLessThan(-1e15);
  });
});

describe("a column that varies only by rounding", () => {
  beforeAll(() => declareOptimizer("gentle", 0.1));

  it.concurrent.each(["Z_SCORE", "MIN_MAX"])("decides no prediction when it is scaled by %s", async (method) => {
    const name = `flat-${method.toLowerCase().replace("_", "-")}`;
    const rows = Array.from({ length: 40 }, (_, row) => ({
      ...{ key: keyIn("train"), x: row % 2 ? 1e9 + 1e-7 : 1e9, y: row % 2 ? 100 : 0 },
    }));
    await declare(
      name,
      [
        { name: "x", type: "NUMBER" },
        { name: "y", type: "NUMBER" },
      ],
      rows,
      { inputs: ["x"], preprocessing: [{ feature: "x", method }] },
    );
    await train({ model: name, optimizer: "gentle", epochs: 100, batchSize: 20 });
    const [low = 0, high = 0] = await predictions(`${name}/1`, [{ x: 1e9 }, { x: 1e9 + 1e-7 }]);
    // They used to be 0 and 100.
    expect(Math.abs(low - 50)).toBeLessThan(2);
    expect(Math.abs(high - low)).toBeLessThan(1e-3);
  });
});

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { expect, it, test } from "vitest";
import { createEagerExecutor } from "../../src/engine/eager/eager-executor.js";
import type { State } from "../../src/engine/graphs/executor.js";
import { trainingGraph } from "../../src/engine/networks/training-graph.js";
import { createTrainingProgram, type Rows } from "../../src/engine/programs/training-program.js";
import { randomKey, uniform } from "../../src/engine/tensors/random.js";
import type { OptimizerSpec } from "../../src/language/algorithms/optimizer.js";
import { digest } from "../../src/language/fields/canonical.js";
import { batchNormalization, dense, modelOf, optimizerOf, plainAdam, plainSgd } from "./models.js";

/** What trainings of semantics 1 computed before there was another, at commit 8f5b972; each number is a digest. */
const file = new URL("./golden/semantics-one.json", import.meta.url);
interface Pinned {
  identity: string;
  inputs: string;
  losses: string;
  predictions: string;
  evaluations: string;
  state: string;
  names: string;
}

const executor = createEagerExecutor();
const classes = {
  width: 3,
  activation: "SOFTMAX",
  loss: { type: "CATEGORICAL_CROSSENTROPY", labelSmoothing: 0.1 },
} as const;
const plain = modelOf([4], [dense("hidden", 6, "RELU", { kernelRegularizer: { l1: 1e-3, l2: 1e-2 } })], classes);
const normalized = modelOf([4], [dense("hidden", 6, "TANH"), batchNormalization("norm")], classes);
const dropping = modelOf([4], [dense("hidden", 6, "RELU"), { type: "dropout", name: "drop", rate: 0.4 } as never], {
  width: 3,
  activation: "LINEAR",
  loss: { type: "MEAN_SQUARED_ERROR" },
});
const everything: Partial<OptimizerSpec> = {
  weightDecay: 0.01,
  ema: { momentum: 0.8 },
  gradientAccumulationSteps: 3,
};
const nets = {
  "plain, SGD": [plain, optimizerOf({ ...plainSgd, momentum: 0.9 }, 0.1)],
  "batch normalization, Adam": [normalized, optimizerOf(plainAdam, 0.02)],
  "batch normalization, SGD over two batches": [
    normalized,
    optimizerOf(plainSgd, 0.1, { type: "VALUE", limit: 0.05 }, { gradientAccumulationSteps: 2 }),
  ],
  "dropout, Adam with everything": [
    dropping,
    optimizerOf(plainAdam, 0.02, { type: "GLOBAL_NORM", limit: 1 }, everything),
  ],
  "plain, Adam with everything": [plain, optimizerOf(plainAdam, 0.02, { type: "NORM", limit: 0.5 }, everything)],
} as const;

/** Weighted by 0, 0.5, 1, and 1.5; every third batch is a partial one, and one weighs nothing. */
function batchAt(step: number, count = step % 3 === 2 ? 3 : 5): Rows {
  const x = Float32Array.from(uniform(randomKey(step, "x"), count * 4), (value) => 2 * value - 1);
  const y = new Float32Array(count * 3);
  for (let row = 0; row < count; row++) y[row * 3 + ((row * 7 + step) % 3)] = 1;
  const weight = Float32Array.from({ length: count }, (_, row) => (step === 4 ? 0 : ((row + step) % 4) / 2));
  return { x, y, count, ...(step % 2 === 0 && { weight }) };
}

const numbersDigest = (numbers: Iterable<number>) =>
  createHash("sha256")
    .update(new Uint8Array(Float64Array.from(numbers).buffer))
    .digest("hex");
const stateDigest = (state: State) =>
  digest(Object.entries(state).map(([name, values]) => [name, numbersDigest(values)]));

async function pinned([model, optimizer]: (typeof nets)[keyof typeof nets]): Promise<Pinned> {
  const graph = trainingGraph(model, optimizer, 5, 1);
  const program = await createTrainingProgram({ model, optimizer, batchSize: 5, seed: 7, executor, semantics: 1 });
  const losses: number[] = [];
  const predictions: number[] = [];
  for (let stepIndex = 0; stepIndex < 10; stepIndex++) {
    const result = await program.step({ ...batchAt(stepIndex), stepIndex });
    losses.push(result.loss);
    predictions.push(...result.predictions);
  }
  const evaluations: number[] = [];
  for (const rows of [batchAt(6, 41), batchAt(7, 9), batchAt(4, 6)])
    evaluations.push((await program.evaluate(rows)).loss);
  const state = await program.state();
  program.dispose();
  return {
    identity: digest(graph.identity),
    inputs: digest(graph.inputs),
    losses: numbersDigest(losses),
    predictions: numbersDigest(predictions),
    evaluations: numbersDigest(evaluations),
    state: stateDigest(state),
    names: digest(graph.state),
  };
}

const golden = () => JSON.parse(readFileSync(file, "utf8")) as Record<string, Pinned>;

test.each(Object.entries(nets))("%s: semantics 1 has the bits it has always had", async (name, net) => {
  expect(await pinned(net)).toEqual(golden()[name]);
});

it("every pinned training is still there", () => {
  expect(Object.keys(golden())).toEqual(Object.keys(nets));
});

// To pin more: PIN=1, at a commit whose bits are those to keep.
test.runIf(process.env.PIN)("pin", async () => {
  const entries = [];
  for (const [name, net] of Object.entries(nets)) entries.push([name, await pinned(net)]);
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
});

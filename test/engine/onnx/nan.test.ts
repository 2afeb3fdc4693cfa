import { readFileSync } from "node:fs";
import type * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { registerGradients } from "../../../src/engine/gradients/gradients.js";
import type { Executable, Executor, State, TensorValues } from "../../../src/engine/graphs/executor.js";
import { applyLayer } from "../../../src/engine/layers/layer.js";
import { createTrainingProgram } from "../../../src/engine/programs/training-program.js";
import { elementCount } from "../../../src/engine/tensors/initializers.js";
import { normal, randomKey } from "../../../src/engine/tensors/random.js";
import type { LayerDeclaration } from "../../../src/language/layers/layer.js";
import { parameterShapes } from "../../../src/language/layers/parameters.js";
import { useEagerBackend } from "../golden.js";
import { layerOf } from "../layer-function.js";
import { compiled, eager, graphOf, valuesFor } from "./compare.js";
import { type ZooNet, zoo } from "./zoo.js";

const { cases } = JSON.parse(readFileSync(new URL("../golden/layers.json", import.meta.url), "utf8")) as {
  cases: { inputShape: number[]; layer: LayerDeclaration }[];
};

beforeAll(async () => {
  await useEagerBackend();
  registerGradients();
});

const outputOf = async (executable: Executable, values: TensorValues) =>
  (await executable.run(values)).out0 as Float32Array;

describe("NaN is seen behind a layer,", () => {
  test.each(cases.map((entry) => [`${JSON.stringify(entry.layer)} on ${entry.inputShape}`, entry] as const))(
    "%s",
    async (_name, { inputShape, layer: declaration }) => {
      const layer = layerOf(declaration, inputShape);
      const parameters = parameterShapes(layer);
      const shapes = Object.fromEntries(parameters.map(({ name, shape }) => [name, shape]));
      const graph = graphOf({ x: [2, ...inputShape], ...shapes }, ({ x, ...weights }) =>
        applyLayer(layer, x as tf.Tensor, weights, { training: false, random: {}, update: () => undefined }),
      );
      const values = valuesFor(graph);
      const [reference, candidate] = [await eager.load(graph), await compiled.load(graph)];
      const plain = await outputOf(reference, values);
      const hidden: string[] = [];
      for (const [name, given] of Object.entries(values)) {
        const stride = Math.max(1, Math.floor(given.length / 9));
        for (let index = 0; index < given.length; index += stride) {
          const original = given[index] as number;
          let counts = false;
          for (const other of [1e3, -1e3]) {
            given[index] = other;
            counts ||= (await outputOf(reference, values)).some((value, at) => value !== plain[at]);
          }
          given[index] = Number.NaN;
          if (counts) {
            if (!(await outputOf(reference, values)).some(Number.isNaN)) hidden.push(`eager ${name}[${index}]`);
            if (!(await outputOf(candidate, values)).some(Number.isNaN)) hidden.push(`compiled ${name}[${index}]`);
          }
          given[index] = original;
        }
      }
      reference.dispose();
      candidate.dispose();
      expect(hidden).toEqual([]);
    },
  );
});

describe("a net with NaN in its weights or its input has it in its loss,", () => {
  const batchSize = 4;

  /** What is NaN without it being seen. */
  async function unseen({ model, optimizer, ids }: ZooNet, executor: Executor): Promise<string[]> {
    const program = await createTrainingProgram({ model, optimizer, batchSize, seed: 3, semantics: 2, executor });
    const x = Float32Array.from(normal(randomKey(1, "x"), batchSize * elementCount(model.inputShape)), (value) =>
      ids ? Math.floor(Math.abs(value)) % ids : value,
    );
    const y = new Float32Array(batchSize * model.target.width).fill(1 / model.target.width);
    const isSeen = async (state: State, input: Float32Array, name: string) => {
      await program.restore(state);
      const { loss } = await program.step({ x: input, y, count: batchSize, stepIndex: 0 });
      if (Number.isNaN(loss)) return true;
      // Moving statistics have no part in training: they only stay NaN.
      return (
        name.includes("/moving_") && Object.values(await program.state()).some((values) => values.some(Number.isNaN))
      );
    };
    const fresh = await program.state();
    const found: string[] = [];
    for (const { name } of model.layers.flatMap((layer) =>
      parameterShapes(layer).map((parameter) => ({ name: `${layer.name}/${parameter.name}` })),
    )) {
      const values = (fresh[name] as Float32Array).slice();
      // A table's vector counts where it is looked up.
      values[ids ? (x[0] as number) * (values.length / ids) : 0] = Number.NaN;
      if (!(await isSeen({ ...fresh, [name]: values }, x, name))) found.push(name);
    }
    if (!ids && !(await isSeen(fresh, x.with(1, Number.NaN), "x"))) found.push("x");
    program.dispose();
    return found;
  }

  test.each(zoo)("$name", async (net) => {
    expect(await unseen(net, eager), "eager").toEqual([]);
    expect(await unseen(net, compiled), "compiled").toEqual([]);
  });
});

import { describe, expect, it, test } from "vitest";
import { limits } from "../../src/language/fields/limits.js";
import type { LayerDeclaration } from "../../src/language/layers/layer.js";
import type { ModelSpec } from "../../src/language/models/model.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { batchProblem, leastMemory, memoryProblem } from "../../src/language/training/memory.js";

const dataset = (shape: number[]) => ({
  name: "d",
  features: [
    { name: "x", type: shape.length === 3 ? ("IMAGE" as const) : ("VECTOR" as const), shape },
    { name: "y", type: "NUMBER" as const, shape: [] },
  ].map((feature) => ({ ...feature, description: "", categories: [] })),
});

const declared = (shape: number[], layers: LayerDeclaration[]) =>
  resolveModel({ name: "m", dataset: "d", target: "y", layers }, dataset(shape) as never);
const modelOf = (shape: number[], layers: LayerDeclaration[]) => declared(shape, layers).spec as ModelSpec;

describe("what training needs at least", () => {
  it("is the parameters, and what goes in and out of the widest layer", () => {
    const model = modelOf([10], [{ dense: { units: 100 } }, { dense: { units: 20 } }]);
    const parameters = 10 * 100 + 100 + 100 * 20 + 20 + 20 + 1;
    expect(leastMemory(model, 8)).toEqual({ bytes: 4 * (parameters + 8 * (100 + 20)), path: "layers[1]" });
    expect(leastMemory(model, 1)).toMatchObject({ bytes: 4 * (parameters + 120) });
  });

  it("sees layers within layers", () => {
    const inner = { residual: { layers: [{ dense: { units: 5_000 } }, { dense: { units: 10 } }] } };
    expect(leastMemory(modelOf([10], [{ dense: { units: 10 } }, inner]), 1_000)).toMatchObject({ path: "layers[1]" });
  });

  it("is a problem where no worker has it, with the layer", () => {
    const need = { bytes: 3 * 2 ** 30, path: "layers[4]" };
    expect(memoryProblem(need, 2 ** 30)).toEqual({
      path: "model",
      code: "OUT_OF_MEMORY",
      message:
        "needs 3.00 GiB of memory to train, most of it for layers[4], and no live worker offers more than 1.00 GiB.",
    });
    expect(memoryProblem(need, need.bytes)).toBeUndefined();
    expect(memoryProblem(need, null)).toBeUndefined();
  });
});

it("a batch that becomes more numbers than may be is a problem, with the layer", () => {
  const model = modelOf([1_000], [{ dense: { units: 4 } }, { repeatVector: { n: 1_000_000 } }, { flatten: {} }]);
  expect(batchProblem(model, Math.floor(limits.batchNumbers / 4e6))).toBeUndefined();
  expect(batchProblem(model, Math.floor(limits.batchNumbers / 4e6) + 1)).toMatchObject({
    ...{ path: "batchSize", code: "OUT_OF_RANGE" },
    message: expect.stringContaining("of a batch in layers[1]"),
  });
  // The batch size is a problem itself.
  expect(batchProblem(model, Number.NaN)).toBeUndefined();
});

const many = 2 ** 31;
test.each<[string, number[], LayerDeclaration[], string]>([
  ["units", [4], [{ dense: { units: many } }], "layers[0].dense.units OUT_OF_RANGE"],
  ["units that are not exact", [4], [{ dense: { units: 2 ** 60 } }], "layers[0].dense.units OUT_OF_RANGE"],
  [
    "a kernel beyond the parameters",
    [4],
    [{ dense: { units: 8 } }, { dense: { units: 65_536 } }, { dense: { units: 65_536 } }],
    "layers[2] OUT_OF_RANGE",
  ],
  [
    "a kernel whose size is not exact",
    [200, 200, 2],
    [
      { conv2d: { filters: 65_536, kernelSize: [2, 2], strides: [100, 100] } },
      { conv2d: { filters: 65_536, kernelSize: [65_536, 65_536], padding: "SAME" } },
    ],
    "layers[1] OUT_OF_RANGE",
  ],
  ["an image grown beyond all size", [900, 900, 1], [{ upSampling2d: { size: [65_536] } }], "layers[0] OUT_OF_RANGE"],
  [
    "padding beyond all size",
    [4, 4, 1],
    [{ zeroPadding2d: { padding: [[65_536], [65_536]] } }, { flatten: {} }],
    "layers[0] OUT_OF_RANGE",
  ],
  ["repetitions", [4], [{ repeatVector: { n: many } }], "layers[0].repeatVector.n OUT_OF_RANGE"],
  ["a table", [4], [{ embedding: { inputDim: many, outputDim: 4 } }], "layers[0].embedding.inputDim OUT_OF_RANGE"],
  [
    "attention",
    [60_000],
    [{ reshape: { targetShape: [60_000, 1] } }, { multiHeadAttention: { numHeads: 8, keyDim: 4 } }],
    "layers[1].multiHeadAttention OUT_OF_RANGE",
  ],
  [
    "within a layer",
    [4],
    [{ residual: { layers: [{ dense: { units: many } }] } }],
    "layers[0].residual.layers[0].dense.units OUT_OF_RANGE",
  ],
])("a model that is too large by its %s is refused where that is declared", (_name, shape, layers, fault) => {
  const found = declared(shape, layers).problems?.map(({ path, code }) => `${path} ${code}`);
  expect(found).toContain(fault);
});

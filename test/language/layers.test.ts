import { describe, expect, test } from "vitest";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import type { LayerDeclaration } from "../../src/language/layers/layer.js";
import { parameterCount, parameterName, parameterShapes } from "../../src/language/layers/parameters.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { faults, imageModel, irisDataset, irisModel, irisSpecies, resolved } from "./declarations.js";

const dense = (options: object): LayerDeclaration => ({ dense: { units: 4, ...options } });
const none = { l1: 0, l2: 0 };

describe("layers", () => {
  test("take Keras's defaults", () => {
    const layers: LayerDeclaration[] = [dense({}), { batchNormalization: {} }, { layerNormalization: {} }];
    const spec = resolved(irisModel(...layers));
    expect(spec.layers.slice(0, 3)).toEqual([
      {
        type: "dense",
        name: "dense_0",
        inputShape: [4],
        outputShape: [4],
        units: 4,
        activation: "LINEAR",
        useBias: true,
        kernelInitializer: { type: "GLOROT_UNIFORM" },
        biasInitializer: { type: "ZEROS" },
        kernelRegularizer: none,
        biasRegularizer: none,
      },
      {
        type: "batchNormalization",
        name: "batch_normalization_1",
        inputShape: [4],
        outputShape: [4],
        momentum: 0.99,
        epsilon: 1e-3,
        center: true,
        scale: true,
        betaRegularizer: none,
        gammaRegularizer: none,
      },
      {
        type: "layerNormalization",
        name: "layer_normalization_2",
        inputShape: [4],
        outputShape: [4],
        epsilon: 1e-3,
        center: true,
        scale: true,
        betaRegularizer: none,
        gammaRegularizer: none,
      },
    ]);
  });

  test.each([
    ["CONSTANT", {}, { value: 0 }],
    ["CONSTANT", { value: -2 }, { value: -2 }],
    ["ORTHOGONAL", {}, { gain: 1 }],
    ["RANDOM_UNIFORM", {}, { minval: -0.05, maxval: 0.05 }],
    ["RANDOM_UNIFORM", { maxval: 1 }, { minval: -0.05, maxval: 1 }],
    ["RANDOM_NORMAL", {}, { mean: 0, stddev: 0.05 }],
    ["TRUNCATED_NORMAL", { stddev: 0.5 }, { mean: 0, stddev: 0.5 }],
    ["HE_UNIFORM", {}, {}],
  ])("%s with %j has the options %j", (type, options, expected) => {
    const spec = resolved(irisModel(dense({ kernelInitializer: type, kernelInitializerOptions: options })));
    expect(spec.layers[0]).toMatchObject({ kernelInitializer: { type, ...expected } });
    expect(Object.keys(spec.layers[0]?.type === "dense" ? spec.layers[0].kernelInitializer : {})).toHaveLength(
      1 + Object.keys(expected).length,
    );
  });

  test("infer shapes, dense on the last axis as in Keras", () => {
    const layers: LayerDeclaration[] = [
      dense({ units: 3 }),
      { reshape: { targetShape: [-1, 6] } },
      { activation: { function: "RELU" } },
      { flatten: {} },
    ];
    const spec = resolved(imageModel(...layers));
    expect(spec.layers.map(({ outputShape }) => outputShape)).toEqual([[2, 2, 3], [2, 6], [2, 6], [12], [1]]);
    expect(spec.layers[1]).toMatchObject({ type: "reshape", targetShape: [2, 6] });
  });

  test.each<[string, LayerDeclaration[], string[]]>([
    ["nothing", [{}], ["layers[0] EXACTLY_ONE"]],
    ["null", [null as never], ["layers[0] REQUIRED"]],
    ["two layers in one", [{ flatten: {}, dropout: { rate: 0.1 } }], ["layers[0] EXACTLY_ONE"]],
    ["zero units", [dense({ units: 0 })], ["layers[0].dense.units OUT_OF_RANGE"]],
    ["too many units", [dense({ units: 65_537 })], ["layers[0].dense.units OUT_OF_RANGE"]],
    ["half a unit", [dense({ units: 1.5 })], ["layers[0].dense.units BAD_TYPE"]],
    ["no units", [{ dense: {} as never }], ["layers[0].dense.units REQUIRED"]],
    ["an unknown activation", [dense({ activation: "RELU7" })], ["layers[0].dense.activation BAD_TYPE"]],
    [
      "softmax over one unit",
      [dense({ units: 1, activation: "SOFTMAX" })],
      ["layers[0].dense.activation CONTRADICTION"],
    ],
    [
      "log-softmax over one unit",
      [dense({ units: 1 }), { activation: { function: "LOG_SOFTMAX" } }],
      ["layers[1].activation.function CONTRADICTION"],
    ],
    ["no function", [{ activation: {} as never }], ["layers[0].activation.function REQUIRED"]],
    ["rate 1", [{ dropout: { rate: 1 } }], ["layers[0].dropout.rate OUT_OF_RANGE"]],
    ["rate 1 in 32 bits", [{ dropout: { rate: 1 - 1e-12 } }], ["layers[0].dropout.rate OUT_OF_RANGE"]],
    ["a negative rate", [{ dropout: { rate: -0.1 } }], ["layers[0].dropout.rate OUT_OF_RANGE"]],
    ["a rate of NaN", [{ dropout: { rate: Number.NaN } }], ["layers[0].dropout.rate OUT_OF_RANGE"]],
    ["epsilon 0", [{ layerNormalization: { epsilon: 0 } }], ["layers[0].layerNormalization.epsilon OUT_OF_RANGE"]],
    [
      "epsilon 0 in 32 bits",
      [{ layerNormalization: { epsilon: 1e-60 } }],
      ["layers[0].layerNormalization.epsilon OUT_OF_RANGE"],
    ],
    ["momentum 1", [{ batchNormalization: { momentum: 1 } }], ["layers[0].batchNormalization.momentum OUT_OF_RANGE"]],
    [
      "a gamma's penalty without gamma",
      [{ batchNormalization: { scale: false, gammaRegularizer: { l2: 1 } } }],
      ["layers[0].batchNormalization.gammaRegularizer CONTRADICTION"],
    ],
    [
      "a bias's start without bias",
      [dense({ useBias: false, biasInitializer: "ONES" })],
      ["layers[0].dense.biasInitializer CONTRADICTION"],
    ],
    [
      "a negative penalty",
      [dense({ kernelRegularizer: { l1: -1, l2: Number.POSITIVE_INFINITY } })],
      ["layers[0].dense.kernelRegularizer.l1 OUT_OF_RANGE", "layers[0].dense.kernelRegularizer.l2 OUT_OF_RANGE"],
    ],
    [
      "an option of another initializer",
      [dense({ kernelInitializer: "CONSTANT", kernelInitializerOptions: { gain: 1 } })],
      ["layers[0].dense.kernelInitializerOptions.gain CONTRADICTION"],
    ],
    [
      "an option of no initializer",
      [dense({ kernelInitializerOptions: { stddev: 1 } })],
      ["layers[0].dense.kernelInitializerOptions.stddev CONTRADICTION"],
    ],
    [
      "a stddev of 0",
      [dense({ kernelInitializer: "RANDOM_NORMAL", kernelInitializerOptions: { stddev: 0 } })],
      ["layers[0].dense.kernelInitializerOptions.stddev OUT_OF_RANGE"],
    ],
    [
      "an empty range",
      [dense({ kernelInitializer: "RANDOM_UNIFORM", kernelInitializerOptions: { minval: 1 } })],
      ["layers[0].dense.kernelInitializerOptions.maxval CONTRADICTION"],
    ],
    [
      "an orthogonal bias",
      [dense({ biasInitializer: "ORTHOGONAL" })],
      ["layers[0].dense.biasInitializer CONTRADICTION"],
    ],
    ["a flatten after nothing", [{ flatten: {} }], ["layers[0].flatten CONTRADICTION"]],
    ["a flatten after dense", [dense({}), { flatten: {} }], ["layers[1].flatten CONTRADICTION"]],
    ["an empty reshape", [{ reshape: { targetShape: [] } }], ["layers[0].reshape.targetShape EMPTY"]],
    [
      "a reshape that does not fit",
      [{ reshape: { targetShape: [3] } }],
      ["layers[0].reshape.targetShape SHAPE_MISMATCH"],
    ],
    [
      "a reshape that cannot fit",
      [{ reshape: { targetShape: [-1, 3] } }],
      ["layers[0].reshape.targetShape SHAPE_MISMATCH"],
    ],
    ["two open entries", [{ reshape: { targetShape: [-1, -1] } }], ["layers[0].reshape.targetShape[1] CONTRADICTION"]],
    ["an entry of 0", [{ reshape: { targetShape: [0] } }], ["layers[0].reshape.targetShape[0] OUT_OF_RANGE"]],
    [
      "too many dimensions",
      [{ reshape: { targetShape: [1, 1, 1, 1, 2, 2] } }],
      ["layers[0].reshape.targetShape TOO_LONG"],
    ],
    [
      "hidden layers that end in a table",
      [dense({}), { reshape: { targetShape: [2, 2] } }],
      ["layers[1] SHAPE_MISMATCH"],
    ],
    ["the name output", [dense({ name: "output" })], ["layers[0].dense.name RESERVED_NAME"]],
    ["a bad name", [dense({ name: "a/b" })], ["layers[0].dense.name BAD_NAME"]],
    [
      "one name twice",
      [dense({ name: "a" }), { dropout: { name: "a", rate: 0 } }],
      ["layers[1].dropout.name DUPLICATE"],
    ],
    ["another layer's default name", [dense({ name: "dense_1" }), dense({})], ["layers[1].dense.name DUPLICATE"]],
    ["too many layers", Array.from({ length: 1001 }, () => dense({})), ["layers TOO_LONG"]],
  ])("with %s are refused", (_, layers, expected) => expect(faults(irisModel(...layers))).toEqual(expected));

  test("on an image alone need a flatten before the output", () => {
    expect(faults(imageModel())).toEqual(["layers SHAPE_MISMATCH"]);
    expect(faults(imageModel(dense({})))).toEqual(["layers[0] SHAPE_MISMATCH"]);
    expect(imageModel().problems?.[0]?.message).toContain("flatten");
    expect(imageModel({ flatten: {} }).problems).toBeUndefined();
  });

  test("report no consequence of an earlier problem", () => {
    const layers: LayerDeclaration[] = [dense({ units: 0 }), { reshape: { targetShape: [-1, 7] } }, { flatten: {} }];
    expect(faults(irisModel(...layers))).toEqual(["layers[0].dense.units OUT_OF_RANGE"]);
  });

  test("with more than 500 million parameters are refused at the layer that is too much", () => {
    const wide = dense({ units: 65_536 });
    expect(faults(irisModel(wide, wide))).toEqual(["layers[1] OUT_OF_RANGE"]);
    expect(faults(irisModel(dense({ units: 1000 }), wide, dense({ units: 6000 }), wide))).toEqual([
      "layers[3] OUT_OF_RANGE",
    ]);
  });

  test("count the output layer's parameters too", () => {
    const categories = Array.from({ length: 10_000 }, (_, index) => `c${index}`);
    const features = [irisDataset.features[0], { name: "species", type: "CATEGORY", categories }] as never;
    const dataset = resolved(resolveDataset({ name: "iris", features }));
    const declaration = { ...irisSpecies, layers: [dense({ units: 65_536 })] };
    expect(faults(resolveModel(declaration, dataset))).toEqual(["layers[0] OUT_OF_RANGE"]);
  });

  test("that make too much of each row are refused", () => {
    const features = [
      { name: "photo", type: "IMAGE", shape: [500, 500, 1] },
      { name: "y", type: "NUMBER" },
    ] as const;
    const dataset = resolved(resolveDataset({ name: "d", features: [...features] as never }));
    const layers = [dense({ units: 1000 }), { flatten: {} }];
    expect(faults(resolveModel({ name: "m", dataset: "d", target: "y", layers }, dataset))).toContain(
      "layers[0] OUT_OF_RANGE",
    );
  });
});

describe("parameters", () => {
  test("of the iris model are 80 + 272 + 51 = 403", () => {
    const { layers } = resolved(resolveModel(irisSpecies, irisDataset));
    expect(parameterCount(layers)).toBe(403);
    expect(layers.map((layer) => parameterCount([layer]))).toEqual([80, 0, 272, 51]);
  });

  test.each<[LayerDeclaration, [string, number[], boolean, string][]]>([
    [
      dense({ units: 2, kernelInitializer: "HE_NORMAL" }),
      [
        ["l/kernel", [4, 2], true, "HE_NORMAL"],
        ["l/bias", [2], true, "ZEROS"],
      ],
    ],
    [dense({ units: 2, useBias: false }), [["l/kernel", [4, 2], true, "GLOROT_UNIFORM"]]],
    [
      { batchNormalization: {} },
      [
        ["l/gamma", [4], true, "ONES"],
        ["l/beta", [4], true, "ZEROS"],
        ["l/moving_mean", [4], false, "ZEROS"],
        ["l/moving_variance", [4], false, "ONES"],
      ],
    ],
    [
      { batchNormalization: { scale: false } },
      [
        ["l/beta", [4], true, "ZEROS"],
        ["l/moving_mean", [4], false, "ZEROS"],
        ["l/moving_variance", [4], false, "ONES"],
      ],
    ],
    [{ layerNormalization: { center: false } }, [["l/gamma", [4], true, "ONES"]]],
    [{ dropout: { rate: 0.5 } }, []],
    [{ activation: { function: "RELU" } }, []],
    [{ reshape: { targetShape: [4] } }, []],
  ])("of %j are %j", (declaration, expected) => {
    const [layer] = resolved(irisModel(declaration)).layers;
    if (layer === undefined) throw new Error("no layer");
    const found = parameterShapes(layer).map((parameter) => [
      parameterName({ name: "l" }, parameter),
      parameter.shape,
      parameter.trainable,
      parameter.initializer.type,
    ]);
    expect(found).toEqual(expected);
  });

  test("carry their layer's regularizers", () => {
    const [layer] = resolved(irisModel(dense({ kernelRegularizer: { l1: 0.1 }, biasRegularizer: { l2: 0.2 } }))).layers;
    expect(layer && parameterShapes(layer).map(({ regularizer }) => regularizer)).toEqual([
      { l1: 0.1, l2: 0 },
      { l1: 0, l2: 0.2 },
    ]);
  });
});

import { describe, expect, test } from "vitest";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import type { Resolution } from "../../src/language/fields/problem.js";
import type { LayerDeclaration } from "../../src/language/layers/layer.js";
import { parameterCount, parameterName, parameterShapes } from "../../src/language/layers/parameters.js";
import type { ModelDeclaration, ModelSpec } from "../../src/language/models/model.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { faults, irisModel, resolved } from "./declarations.js";

const dataset = resolved(
  resolveDataset({
    name: "texts",
    features: [
      { name: "words", type: "VECTOR", shape: [6] },
      { name: "signal", type: "VECTOR", shape: [12] },
      { name: "recording", type: "VECTOR", shape: [1200] },
      { name: "price", type: "NUMBER" },
      { name: "urgent", type: "BINARY" },
      { name: "city", type: "CATEGORY", categories: ["a", "b", "c", "d"] },
      { name: "y", type: "NUMBER" },
    ],
  }),
);

function modelOf(declaration: Partial<ModelDeclaration>): Resolution<ModelSpec> {
  return resolveModel({ name: "m", dataset: "texts", target: "y", layers: [], ...declaration }, dataset);
}

/** A model whose layers begin with a sequence of shape [4, 3]. */
const sequence = (...layers: LayerDeclaration[]) =>
  modelOf({ inputs: ["signal"], layers: [{ reshape: { targetShape: [4, 3] } }, ...layers] });

/** A model whose layers begin with six ids, all of which are below 9. */
const ids = (...layers: LayerDeclaration[]) =>
  modelOf({ inputs: ["words"], preprocessing: [{ feature: "words", method: "NONE" }], layers });

const dense = (units: number): LayerDeclaration => ({ dense: { units } });
const flatten: LayerDeclaration = { flatten: {} };
const none = { l1: 0, l2: 0 };
const uniform = { type: "RANDOM_UNIFORM", minval: -0.05, maxval: 0.05 };

describe("sequence layers", () => {
  test("take Keras's defaults", () => {
    const declared: LayerDeclaration[] = [
      { positionEmbedding: {} },
      { multiHeadAttention: { numHeads: 2, keyDim: 5 } },
      { gru: { units: 3, returnSequences: true } },
      { lstm: { units: 2 } },
    ];
    const spec = resolved(sequence(...declared));
    const kernel = {
      useBias: true,
      dropout: 0,
      kernelInitializer: { type: "GLOROT_UNIFORM" },
      biasInitializer: { type: "ZEROS" },
      kernelRegularizer: none,
      biasRegularizer: none,
    };
    const recurrent = {
      ...kernel,
      activation: "TANH",
      recurrentActivation: "SIGMOID",
      goBackwards: false,
      recurrentInitializer: { type: "ORTHOGONAL", gain: 1 },
      recurrentRegularizer: none,
    };
    expect(spec.layers.slice(1, 5)).toEqual([
      {
        type: "positionEmbedding",
        name: "position_embedding_1",
        inputShape: [4, 3],
        outputShape: [4, 3],
        initializer: { type: "GLOROT_UNIFORM" },
      },
      {
        type: "multiHeadAttention",
        name: "multi_head_attention_2",
        inputShape: [4, 3],
        outputShape: [4, 3],
        numHeads: 2,
        keyDim: 5,
        valueDim: 5,
        causal: false,
        ...kernel,
      },
      {
        type: "gru",
        name: "gru_3",
        inputShape: [4, 3],
        outputShape: [4, 3],
        units: 3,
        returnSequences: true,
        resetAfter: true,
        ...recurrent,
      },
      {
        type: "lstm",
        name: "lstm_4",
        inputShape: [4, 3],
        outputShape: [2],
        units: 2,
        returnSequences: false,
        unitForgetBias: true,
        ...recurrent,
      },
    ]);
  });

  test.each<[string, Resolution<ModelSpec>, number[][]]>([
    [
      "an embedding",
      ids({ embedding: { inputDim: 9, outputDim: 2 } }, { simpleRnn: { units: 5 } }),
      [[6, 2], [5], [1]],
    ],
    [
      "an embedding after a reshape",
      ids({ reshape: { targetShape: [2, 3] } }, { embedding: { inputDim: 9, outputDim: 4 } }, flatten),
      [[2, 3], [2, 3, 4], [24], [1]],
    ],
    [
      "both directions",
      sequence({ bidirectional: { layer: { gru: { units: 5, returnSequences: true } } } }, flatten),
      [[4, 3], [4, 10], [40], [1]],
    ],
    [
      "both directions added",
      sequence({ bidirectional: { layer: { lstm: { units: 5 } }, mergeMode: "ADD" } }),
      [[4, 3], [5], [1]],
    ],
    [
      "a residual layer",
      sequence({ residual: { layers: [dense(9), dense(3)] } }, flatten),
      [[4, 3], [4, 3], [12], [1]],
    ],
    [
      "branches",
      sequence({ parallel: { branches: [[dense(2)], [], [dense(7), dense(1)]] } }, flatten),
      [[4, 3], [4, 6], [24], [1]],
    ],
    [
      "branches along time",
      sequence({ parallel: { branches: [[], [dense(3)]], axis: 0 } }, flatten),
      [[4, 3], [8, 3], [24], [1]],
    ],
  ])("infer shapes: %s", (_, model, shapes) => {
    expect(resolved(model).layers.map(({ outputShape }) => outputShape)).toEqual(shapes);
  });

  test.each<[string, Resolution<ModelSpec>, string[]]>([
    ["a list where a sequence is needed", irisModel({ lstm: { units: 2 } }), ["layers[0].lstm SHAPE_MISMATCH"]],
    [
      "attention over a list",
      irisModel({ multiHeadAttention: { numHeads: 1, keyDim: 2 } }),
      ["layers[0].multiHeadAttention SHAPE_MISMATCH"],
    ],
    ["no units", sequence({ gru: {} as never }), ["layers[1].gru.units REQUIRED"]],
    [
      "a softmax in a recurrent layer",
      sequence({ lstm: { units: 2, activation: "SOFTMAX", recurrentActivation: "LOG_SOFTMAX" } }),
      ["layers[1].lstm.activation CONTRADICTION", "layers[1].lstm.recurrentActivation CONTRADICTION"],
    ],
    [
      "what a missing bias would have",
      sequence({ lstm: { units: 2, useBias: false, unitForgetBias: true, biasInitializer: "ONES" } }),
      ["layers[1].lstm.biasInitializer CONTRADICTION", "layers[1].lstm.unitForgetBias CONTRADICTION"],
    ],
    ["rate 1", sequence({ simpleRnn: { units: 2, dropout: 1 } }), ["layers[1].simpleRnn.dropout OUT_OF_RANGE"]],
    [
      "no heads",
      sequence({ multiHeadAttention: { numHeads: 0, keyDim: 0 } }, flatten),
      ["layers[1].multiHeadAttention.numHeads OUT_OF_RANGE", "layers[1].multiHeadAttention.keyDim OUT_OF_RANGE"],
    ],
    [
      "too many steps",
      modelOf({
        inputs: ["recording"],
        layers: [{ reshape: { targetShape: [1200, 1] } }, { gru: { units: 1 } }],
      }),
      ["layers[1].gru OUT_OF_RANGE"],
    ],
    [
      "an embedding of fractions",
      modelOf({ inputs: ["words"], layers: [{ embedding: { inputDim: 9, outputDim: 2 } }, flatten] }),
      ["layers[0].embedding CONTRADICTION"],
    ],
    [
      "an embedding after a layer that makes fractions",
      ids(dense(3), { embedding: { inputDim: 9, outputDim: 2 } }, flatten),
      ["layers[1].embedding CONTRADICTION"],
    ],
    [
      "fewer ids than categories",
      modelOf({
        inputs: ["city"],
        preprocessing: [{ feature: "city", method: "ORDINAL" }],
        layers: [{ embedding: { inputDim: 3, outputDim: 2 } }, flatten],
      }),
      ["layers[0].embedding.inputDim OUT_OF_RANGE"],
    ],
    [
      "no dimensions",
      ids({ embedding: { inputDim: 0 } as never }, flatten),
      ["layers[0].embedding.inputDim OUT_OF_RANGE", "layers[0].embedding.outputDim REQUIRED"],
    ],
    ["an empty residual layer", sequence({ residual: { layers: [] } }, flatten), ["layers[1].residual.layers EMPTY"]],
    [
      "a residual layer that changes the shape",
      sequence({ residual: { layers: [dense(4)] } }, flatten),
      ["layers[1].residual SHAPE_MISMATCH"],
    ],
    [
      "a fault deep within",
      sequence({ residual: { layers: [dense(3), { residual: { layers: [dense(0)] } }] } }, flatten),
      ["layers[1].residual.layers[1].residual.layers[0].dense.units OUT_OF_RANGE"],
    ],
    [
      "faults within branches",
      sequence({ parallel: { branches: [[dense(0)], [{} as never, dense(2)], null as never] } }, flatten),
      [
        "layers[1].parallel.branches[0][0].dense.units OUT_OF_RANGE",
        "layers[1].parallel.branches[1][0] EXACTLY_ONE",
        "layers[1].parallel.branches[2] REQUIRED",
      ],
    ],
    ["one branch", sequence({ parallel: { branches: [[dense(2)]] } }, flatten), ["layers[1].parallel.branches EMPTY"]],
    [
      "branches of several shapes",
      sequence({ parallel: { branches: [[], [dense(2)]], merge: "ADD" } }, flatten),
      ["layers[1].parallel.branches SHAPE_MISMATCH"],
    ],
    [
      "branches that do not fit along an axis",
      sequence({ parallel: { branches: [[], [{ flatten: {} }]] } }, flatten),
      ["layers[1].parallel.branches SHAPE_MISMATCH"],
    ],
    [
      "an axis without concatenation",
      sequence({ parallel: { branches: [[], []], merge: "MAXIMUM", axis: 0 } }, flatten),
      ["layers[1].parallel.axis CONTRADICTION"],
    ],
    [
      "an axis that is not there",
      sequence({ parallel: { branches: [[], []], axis: 2 } }, flatten),
      ["layers[1].parallel.axis OUT_OF_RANGE"],
    ],
    [
      "one name twice within a layer",
      sequence(
        { residual: { layers: [{ dense: { units: 3, name: "a" } }, { dense: { units: 3, name: "a" } }] } },
        flatten,
      ),
      ["layers[1].residual.layers[1].dense.name DUPLICATE"],
    ],
    [
      "a reserved name",
      sequence({ dense: { units: 3, name: "inputs" } }, { dense: { units: 3, name: "optimizer" } }, flatten),
      ["layers[1].dense.name RESERVED_NAME", "layers[2].dense.name RESERVED_NAME"],
    ],
    [
      "both directions of nothing",
      sequence({ bidirectional: { layer: {} } }),
      ["layers[1].bidirectional.layer EXACTLY_ONE"],
    ],
    [
      "a name within both directions, and a fault",
      sequence({ bidirectional: { layer: { lstm: { units: 0, name: "x" } } } }),
      [
        "layers[1].bidirectional.layer.lstm.name CONTRADICTION",
        "layers[1].bidirectional.layer.lstm.units OUT_OF_RANGE",
      ],
    ],
    [
      "layers nested without end",
      sequence(nested(9), flatten),
      [`layers[1]${".residual.layers[0]".repeat(8)}.residual.layers OUT_OF_RANGE`],
    ],
    [
      "more layers than a model may have, in branches",
      sequence(
        { parallel: { branches: Array.from({ length: 3 }, () => Array.from({ length: 400 }, () => dense(3))) } },
        flatten,
      ),
      ["layers[1].parallel.branches[2] TOO_LONG"],
    ],
  ])("with %s are refused", (_, model, expected) => expect(faults(model)).toEqual(expected));

  test("may lie eight deep", () => expect(sequence(nested(8), flatten).problems).toBeUndefined());
});

function nested(depth: number): LayerDeclaration {
  return depth === 0 ? dense(3) : { residual: { layers: [nested(depth - 1)] } };
}

describe("parameters of sequence layers", () => {
  const parametersOf = (...layers: LayerDeclaration[]) => {
    const [, layer] = resolved(sequence(...layers)).layers;
    if (layer === undefined) throw new Error("no layer");
    return parameterShapes(layer).map((parameter) => [
      parameterName(layer, parameter),
      parameter.shape,
      parameter.initializer.type,
    ]);
  };

  test.each<[LayerDeclaration, [string, number[], string][]]>([
    [
      { lstm: { name: "l", units: 2 } },
      [
        ["l/kernel", [3, 8], "GLOROT_UNIFORM"],
        ["l/recurrent_kernel", [2, 8], "ORTHOGONAL"],
        ["l/bias", [8], "UNIT_FORGET"],
      ],
    ],
    [
      { gru: { name: "g", units: 2 } },
      [
        ["g/kernel", [3, 6], "GLOROT_UNIFORM"],
        ["g/recurrent_kernel", [2, 6], "ORTHOGONAL"],
        ["g/bias", [2, 6], "ZEROS"],
      ],
    ],
    [
      { multiHeadAttention: { name: "a", numHeads: 2, keyDim: 5, valueDim: 4 } },
      [
        ["a/query/kernel", [3, 2, 5], "GLOROT_UNIFORM"],
        ["a/query/bias", [2, 5], "ZEROS"],
        ["a/key/kernel", [3, 2, 5], "GLOROT_UNIFORM"],
        ["a/key/bias", [2, 5], "ZEROS"],
        ["a/value/kernel", [3, 2, 4], "GLOROT_UNIFORM"],
        ["a/value/bias", [2, 4], "ZEROS"],
        ["a/attention_output/kernel", [2, 4, 3], "GLOROT_UNIFORM"],
        ["a/attention_output/bias", [3], "ZEROS"],
      ],
    ],
    [
      { bidirectional: { name: "b", layer: { simpleRnn: { units: 2, useBias: false } } } },
      [
        ["b/forward_layer/kernel", [3, 2], "GLOROT_UNIFORM"],
        ["b/forward_layer/recurrent_kernel", [2, 2], "ORTHOGONAL"],
        ["b/backward_layer/kernel", [3, 2], "GLOROT_UNIFORM"],
        ["b/backward_layer/recurrent_kernel", [2, 2], "ORTHOGONAL"],
      ],
    ],
  ])("%j", (declaration, expected) => {
    expect(
      parametersOf(
        declaration,
        ...("lstm" in declaration || "gru" in declaration || "bidirectional" in declaration ? [] : [flatten]),
      ),
    ).toEqual(expected);
  });

  test("have paths through the layers they lie in", () => {
    const inner: LayerDeclaration = {
      parallel: { branches: [[dense(3)], [{ layerNormalization: {} }]], merge: "ADD" },
    };
    expect(parametersOf({ residual: { layers: [dense(3), inner] } }, flatten).map(([name]) => name)).toEqual([
      "residual_1/dense_0/kernel",
      "residual_1/dense_0/bias",
      "residual_1/parallel_1/branch_0/dense_0/kernel",
      "residual_1/parallel_1/branch_0/dense_0/bias",
      "residual_1/parallel_1/branch_1/layer_normalization_0/gamma",
      "residual_1/parallel_1/branch_1/layer_normalization_0/beta",
    ]);
  });
});

describe("embedded inputs", () => {
  const wide: Partial<ModelDeclaration> = {
    inputs: ["price", "urgent", "city"],
    preprocessing: [{ feature: "city", method: "EMBEDDING", dimensions: 3 }],
    layers: [dense(2)],
  };

  test("become the network's first layer, whose tables are named by their features", () => {
    const spec = resolved(modelOf(wide));
    expect(spec.inputShape).toEqual([3]);
    expect(spec.inputs.map(({ preprocessing, width }) => [preprocessing, width])).toEqual([
      ["Z_SCORE", 1],
      ["NONE", 1],
      ["EMBEDDING", 1],
    ]);
    const [first, second] = spec.layers;
    expect(first).toEqual({
      type: "inputEmbedding",
      name: "inputs",
      inputShape: [3],
      outputShape: [5],
      columns: [
        { feature: "price", width: 1, embedding: null },
        { feature: "urgent", width: 1, embedding: null },
        {
          feature: "city",
          width: 1,
          embedding: { inputDim: 4, outputDim: 3, embeddingsInitializer: uniform, embeddingsRegularizer: none },
        },
      ],
    });
    expect(second).toMatchObject({ name: "dense_0", inputShape: [5] });
    expect(
      first && parameterShapes(first).map((parameter) => [parameterName(first, parameter), parameter.shape]),
    ).toEqual([["inputs/city/embeddings", [4, 3]]]);
    expect(parameterCount(spec.layers)).toBe(12 + 12 + 3);
  });

  test("have by default few dimensions for few categories", () => {
    const spec = resolved(modelOf({ ...wide, preprocessing: [{ feature: "city", method: "EMBEDDING" }] }));
    expect(spec.layers[0]?.outputShape).toEqual([5]);
  });

  test("leave models without them as they were", () => {
    const spec = resolved(modelOf({ ...wide, preprocessing: [] }));
    expect(spec.layers.map(({ name }) => name)).toEqual(["dense_0", "output"]);
    expect(spec.inputs.every((input) => !("idsBelow" in input))).toBe(true);
  });

  test("that a layer embeds must hold ids below the table's size", () => {
    const spec = resolved(ids({ embedding: { inputDim: 9, outputDim: 2 } }, flatten));
    expect(spec.inputs[0]).toMatchObject({ preprocessing: "NONE", width: 6, idsBelow: 9 });
    const branches = [{ embedding: { inputDim: 7, outputDim: 2 } }, { embedding: { inputDim: 5, outputDim: 2 } }];
    const both = resolved(ids({ parallel: { branches: branches.map((layer) => [layer]) } }, flatten));
    expect(both.inputs[0]?.idsBelow).toBe(5);
  });

  test.each<[string, ModelDeclaration["preprocessing"], string[]]>([
    ["a number", [{ feature: "price", method: "EMBEDDING" }], ["preprocessing[0].method CONTRADICTION"]],
    [
      "0 dimensions",
      [{ feature: "city", method: "EMBEDDING", dimensions: 0 }],
      ["preprocessing[0].dimensions OUT_OF_RANGE"],
    ],
    [
      "dimensions of another method",
      [{ feature: "city", method: "ONE_HOT", dimensions: 3 }],
      ["preprocessing[0].dimensions CONTRADICTION"],
    ],
  ])("refuse %s", (_, preprocessing, expected) => {
    expect(faults(modelOf({ ...wide, preprocessing }))).toEqual(expected);
  });
});

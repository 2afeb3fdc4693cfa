import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { digest } from "../../src/language/fields/canonical.js";
import { Findings } from "../../src/language/fields/findings.js";
import type { Layer, LayerDeclaration } from "../../src/language/layers/layer.js";
import { parameterShapes } from "../../src/language/layers/parameters.js";
import { resolveLayers } from "../../src/language/layers/resolve-layers.js";
import { faults } from "./declarations.js";

function resolve(declaration: LayerDeclaration, inputShape: number[]) {
  const findings = Findings.start();
  const { layers, outputShape } = resolveLayers(findings, [declaration], inputShape);
  return { layer: layers[0] as Layer, outputShape, problems: findings.problems() };
}

function rightLayer(declaration: LayerDeclaration, inputShape: number[]): Layer {
  const { layer, problems } = resolve(declaration, inputShape);
  expect(problems).toEqual([]);
  return layer;
}

const none = { l1: 0, l2: 0 };
const glorot = { type: "GLOROT_UNIFORM" };
const bias = { useBias: true, biasInitializer: { type: "ZEROS" }, biasRegularizer: none };
const kernel = { activation: "LINEAR", kernelInitializer: glorot, kernelRegularizer: none, ...bias };
const depthwise = { activation: "LINEAR", depthwiseInitializer: glorot, depthwiseRegularizer: none, ...bias };
const still1 = { strides: [1], dilationRate: [1], padding: "VALID" };
const still2 = { strides: [1, 1], dilationRate: [1, 1], padding: "VALID" };
const affine = { center: true, scale: true, betaRegularizer: none, gammaRegularizer: none };
const image = [8, 6, 32];
const steps = [8, 32];

describe("Keras's defaults are resolved for", () => {
  test.each<[LayerDeclaration, number[], object]>([
    [
      { conv1d: { filters: 4, kernelSize: [3] } },
      steps,
      { filters: 4, kernelSize: [3], groups: 1, ...still1, ...kernel },
    ],
    [
      { conv2d: { filters: 4, kernelSize: [3] } },
      image,
      { filters: 4, kernelSize: [3, 3], groups: 1, ...still2, ...kernel },
    ],
    [
      { conv2dTranspose: { filters: 4, kernelSize: [3] } },
      image,
      { filters: 4, kernelSize: [3, 3], ...still2, ...kernel },
    ],
    [
      { depthwiseConv2d: { kernelSize: [3] } },
      image,
      { kernelSize: [3, 3], depthMultiplier: 1, ...still2, ...depthwise },
    ],
    [
      { separableConv2d: { filters: 4, kernelSize: [3] } },
      image,
      {
        filters: 4,
        kernelSize: [3, 3],
        depthMultiplier: 1,
        pointwiseInitializer: glorot,
        pointwiseRegularizer: none,
        ...still2,
        ...depthwise,
      },
    ],
    [{ maxPooling1d: {} }, steps, { poolSize: [2], strides: [2], padding: "VALID" }],
    [{ averagePooling2d: { poolSize: [3] } }, image, { poolSize: [3, 3], strides: [3, 3], padding: "VALID" }],
    [{ globalMaxPooling1d: {} }, steps, { keepDims: false }],
    [{ globalAveragePooling2d: {} }, image, { keepDims: false }],
    [{ groupNormalization: {} }, image, { groups: 32, epsilon: 1e-3, ...affine }],
    [{ groupNormalization: { groups: -1 } }, steps, { groups: 32, epsilon: 1e-3, ...affine }],
    [{ spatialDropout1d: { rate: 0.25 } }, steps, { rate: 0.25 }],
    [{ gaussianNoise: { stddev: 0.1 } }, image, { stddev: 0.1 }],
    [{ leakyRelu: {} }, image, { negativeSlope: 0.3 }],
    [{ elu: {} }, image, { alpha: 1 }],
    [{ prelu: {} }, image, { alphaInitializer: { type: "ZEROS" }, alphaRegularizer: none, sharedAxes: [] }],
    [{ zeroPadding1d: {} }, steps, { padding: [[1, 1]] }],
    [
      { zeroPadding2d: {} },
      image,
      {
        padding: [
          [1, 1],
          [1, 1],
        ],
      },
    ],
    [{ upSampling1d: {} }, steps, { size: [2] }],
    [{ upSampling2d: {} }, image, { size: [2, 2] }],
  ])("%j", (declaration, inputShape, expected) => {
    const { name, inputShape: input, outputShape, type, ...body } = rightLayer(declaration, inputShape);
    expect(body).toEqual(expected);
    expect([type]).toEqual(Object.keys(declaration));
    expect(input).toEqual(inputShape);
    expect(name).toMatch(/^[a-z0-9_]+_0$/);
  });

  test("names that are Keras's", () => {
    expect(rightLayer({ depthwiseConv2d: { kernelSize: [1] } }, image).name).toBe("depthwise_conv2d_0");
    expect(rightLayer({ conv2dTranspose: { filters: 1, kernelSize: [1] } }, image).name).toBe("conv2d_transpose_0");
    expect(rightLayer({ globalMaxPooling2d: {} }, image).name).toBe("global_max_pooling2d_0");
  });
});

describe("a layer means the same", () => {
  test.each<[LayerDeclaration, LayerDeclaration, number[]]>([
    [
      { conv2d: { filters: 4, kernelSize: [3], strides: [2] } },
      { conv2d: { filters: 4, kernelSize: [3, 3], strides: [2, 2], padding: "VALID", groups: 1, useBias: true } },
      image,
    ],
    [{ maxPooling2d: {} }, { maxPooling2d: { poolSize: [2, 2], strides: [2] } }, image],
    [{ groupNormalization: { groups: -1 } }, { groupNormalization: { groups: 32, scale: true } }, image],
    [{ prelu: { sharedAxes: [2, 1] } }, { prelu: { sharedAxes: [1, 2], alphaInitializer: "ZEROS" } }, image],
    [{ zeroPadding2d: { padding: [[2]] } }, { zeroPadding2d: { padding: [[2, 2], [2]] } }, image],
    [{ zeroPadding1d: { padding: [3] } }, { zeroPadding1d: { padding: [3, 3] } }, steps],
    [{ upSampling2d: { size: [3] } }, { upSampling2d: { size: [3, 3], name: "up_sampling2d_0" } }, image],
  ])("as %j or as %j", (short, long, inputShape) => {
    const layer = rightLayer(short, inputShape);
    expect(digest(rightLayer(long, inputShape))).toBe(digest(layer));
    expect(digest(JSON.parse(JSON.stringify(layer)))).toBe(digest(layer));
  });
});

const { extents } = JSON.parse(readFileSync(new URL("../engine/golden/layers.json", import.meta.url), "utf8")) as {
  extents: Record<string, Record<string, number[]>>;
};

test.each(Object.entries(extents).flatMap(([type, tables]) => Object.keys(tables).map((padding) => [type, padding])))(
  "the extents of %s with padding %s are Keras's",
  (type, padding) => {
    const table = extents[type as string]?.[padding as string] as number[];
    expect(table.length).toBeGreaterThan(100);
    for (let at = 0; at < table.length; at += 5) {
      const [extent, window, stride, dilation, result] = table.slice(at, at + 5) as [
        number,
        number,
        number,
        number,
        number,
      ];
      const input = type === "conv2dTranspose" ? [extent, extent, 1] : [extent, 1];
      const own = { filters: 1, kernelSize: [window], dilationRate: [dilation] };
      const options = { ...(type === "maxPooling1d" ? { poolSize: [window] } : own), strides: [stride], padding };
      const layer = rightLayer({ [type as string]: options } as LayerDeclaration, input);
      expect(layer.outputShape[0], `${extent} ${window} ${stride} ${dilation}`).toBe(result);
    }
  },
);

describe("parameters", () => {
  test.each<[LayerDeclaration, number[], [string, number[]][]]>([
    [
      { conv2d: { filters: 4, kernelSize: [3, 5], groups: 2 } },
      [8, 8, 6],
      [
        ["kernel", [3, 5, 3, 4]],
        ["bias", [4]],
      ],
    ],
    [{ conv1d: { filters: 4, kernelSize: [3], useBias: false } }, [8, 6], [["kernel", [3, 6, 4]]]],
    [{ conv2dTranspose: { filters: 4, kernelSize: [3], useBias: false } }, [8, 8, 6], [["kernel", [3, 3, 4, 6]]]],
    [
      { depthwiseConv2d: { kernelSize: [3], depthMultiplier: 2 } },
      [8, 8, 6],
      [
        ["kernel", [3, 3, 6, 2]],
        ["bias", [12]],
      ],
    ],
    [
      { separableConv2d: { filters: 4, kernelSize: [3], depthMultiplier: 2 } },
      [8, 8, 6],
      [
        ["depthwise_kernel", [3, 3, 6, 2]],
        ["pointwise_kernel", [1, 1, 12, 4]],
        ["bias", [4]],
      ],
    ],
    [{ groupNormalization: { groups: 3, center: false } }, [8, 8, 6], [["gamma", [6]]]],
    [{ prelu: { sharedAxes: [1, 2] } }, [8, 8, 6], [["alpha", [1, 1, 6]]]],
    [{ maxPooling2d: {} }, [8, 8, 6], []],
  ])("of %j on %j are %j", (declaration, inputShape, expected) => {
    const layer = rightLayer(declaration, inputShape);
    expect(parameterShapes(layer).map(({ name, shape }) => [name, shape])).toEqual(expected);
  });
});

const conv = (options: object): LayerDeclaration => ({ conv2d: { filters: 4, kernelSize: [3], ...options } });

describe("layers over steps or images are refused:", () => {
  test.each<[string, LayerDeclaration, number[], string[]]>([
    ["a list", conv({}), [4], ["layers[0].conv2d SHAPE_MISMATCH"]],
    [
      "an image in one dimension",
      { conv1d: { filters: 1, kernelSize: [1] } },
      image,
      ["layers[0].conv1d SHAPE_MISMATCH"],
    ],
    ["a sequence in two", { maxPooling2d: {} }, steps, ["layers[0].maxPooling2d SHAPE_MISMATCH"]],
    ["channels of a list", { spatialDropout1d: { rate: 0 } }, [4], ["layers[0].spatialDropout1d SHAPE_MISMATCH"]],
    ["a global pooling of a list", { globalMaxPooling1d: {} }, [4], ["layers[0].globalMaxPooling1d SHAPE_MISMATCH"]],
    ["an up-sampling of a list", { upSampling2d: {} }, [4], ["layers[0].upSampling2d SHAPE_MISMATCH"]],
    ["an image repeated", { repeatVector: { n: 2 } }, image, ["layers[0].repeatVector SHAPE_MISMATCH"]],
    ["zero filters", conv({ filters: 0 }), image, ["layers[0].conv2d.filters OUT_OF_RANGE"]],
    ["no filters", { conv2d: { kernelSize: [1] } as never }, image, ["layers[0].conv2d.filters REQUIRED"]],
    ["no kernel", { depthwiseConv2d: {} as never }, image, ["layers[0].depthwiseConv2d.kernelSize REQUIRED"]],
    ["an empty kernel", conv({ kernelSize: [] }), image, ["layers[0].conv2d.kernelSize EMPTY"]],
    ["a kernel of 0", conv({ kernelSize: [3, 0] }), image, ["layers[0].conv2d.kernelSize[1] OUT_OF_RANGE"]],
    ["a kernel of 1e308", conv({ kernelSize: [1e308] }), image, ["layers[0].conv2d.kernelSize[0] OUT_OF_RANGE"]],
    ["a kernel with three axes", conv({ kernelSize: [3, 3, 3] }), image, ["layers[0].conv2d.kernelSize TOO_LONG"]],
    ["a kernel that is no list", conv({ kernelSize: 3 }), image, ["layers[0].conv2d.kernelSize BAD_TYPE"]],
    [
      "a kernel too large",
      conv({ kernelSize: [9, 7] }),
      image,
      ["conv2d", "conv2d"].map(() => "layers[0].conv2d.kernelSize SHAPE_MISMATCH"),
    ],
    [
      "a dilated kernel too large",
      conv({ dilationRate: [1, 3] }),
      image,
      ["layers[0].conv2d.kernelSize SHAPE_MISMATCH"],
    ],
    [
      "a window too large",
      { averagePooling2d: { poolSize: [9, 2] } },
      image,
      ["layers[0].averagePooling2d.poolSize SHAPE_MISMATCH"],
    ],
    ["half a stride", conv({ strides: [0.5] }), image, ["layers[0].conv2d.strides[0] BAD_TYPE"]],
    [
      "strides with dilation",
      conv({ strides: [2], dilationRate: [1, 2] }),
      image,
      ["layers[0].conv2d.dilationRate CONTRADICTION"],
    ],
    [
      "a transposed convolution with both",
      { conv2dTranspose: { filters: 1, kernelSize: [1], strides: [2], dilationRate: [2] } },
      image,
      ["layers[0].conv2dTranspose.dilationRate CONTRADICTION"],
    ],
    ["causal images", conv({ padding: "CAUSAL" }), image, ["layers[0].conv2d.padding BAD_TYPE"]],
    [
      "groups that do not divide the channels",
      conv({ groups: 4 }),
      [8, 8, 6],
      ["layers[0].conv2d.groups CONTRADICTION"],
    ],
    [
      "groups that do not divide the filters",
      conv({ groups: 3 }),
      [8, 8, 6],
      ["layers[0].conv2d.groups CONTRADICTION"],
    ],
    [
      "a bias's start without bias",
      conv({ useBias: false, biasInitializer: "ONES" }),
      image,
      ["layers[0].conv2d.biasInitializer CONTRADICTION"],
    ],
    [
      "softmax over one filter",
      conv({ filters: 1, activation: "SOFTMAX" }),
      image,
      ["layers[0].conv2d.activation CONTRADICTION"],
    ],
    [
      "a penalty below 0",
      { separableConv2d: { filters: 1, kernelSize: [1], pointwiseRegularizer: { l1: -1 } } },
      image,
      ["layers[0].separableConv2d.pointwiseRegularizer.l1 OUT_OF_RANGE"],
    ],
    [
      "groups that normalize unevenly",
      { groupNormalization: { groups: 5 } },
      image,
      ["layers[0].groupNormalization.groups CONTRADICTION"],
    ],
    [
      "the default groups on few channels",
      { groupNormalization: {} },
      [4, 4, 16],
      ["layers[0].groupNormalization.groups CONTRADICTION"],
    ],
    ["no groups", { groupNormalization: { groups: 0 } }, image, ["layers[0].groupNormalization.groups OUT_OF_RANGE"]],
    ["a rate of 1", { spatialDropout2d: { rate: 1 } }, image, ["layers[0].spatialDropout2d.rate OUT_OF_RANGE"]],
    ["negative noise", { gaussianNoise: { stddev: -0.1 } }, image, ["layers[0].gaussianNoise.stddev OUT_OF_RANGE"]],
    [
      "a negative slope below 0",
      { leakyRelu: { negativeSlope: -1 } },
      image,
      ["layers[0].leakyRelu.negativeSlope OUT_OF_RANGE"],
    ],
    ["an alpha of NaN", { elu: { alpha: Number.NaN } }, image, ["layers[0].elu.alpha OUT_OF_RANGE"]],
    [
      "an axis that is not there",
      { prelu: { sharedAxes: [1, 4] } },
      image,
      ["layers[0].prelu.sharedAxes[1] SHAPE_MISMATCH"],
    ],
    ["an axis twice", { prelu: { sharedAxes: [1, 1] } }, image, ["layers[0].prelu.sharedAxes[1] DUPLICATE"]],
    [
      "orthogonal slopes",
      { prelu: { alphaInitializer: "ORTHOGONAL" } },
      image,
      ["layers[0].prelu.alphaInitializer CONTRADICTION"],
    ],
    ["half a permutation", { permute: { dims: [2, 1] } }, image, ["layers[0].permute.dims SHAPE_MISMATCH"]],
    ["an axis permuted twice", { permute: { dims: [1, 1, 2] } }, image, ["layers[0].permute.dims SHAPE_MISMATCH"]],
    ["an axis 0", { permute: { dims: [0, 1, 2] } }, image, ["layers[0].permute.dims[0] OUT_OF_RANGE"]],
    ["no permutation", { permute: {} as never }, image, ["layers[0].permute.dims REQUIRED"]],
    ["nothing repeated", { repeatVector: { n: 0 } }, [4], ["layers[0].repeatVector.n OUT_OF_RANGE"]],
    [
      "negative zeros",
      { zeroPadding1d: { padding: [-1] } },
      steps,
      ["layers[0].zeroPadding1d.padding[0] OUT_OF_RANGE"],
    ],
    ["three ends", { zeroPadding2d: { padding: [[1, 1, 1]] } }, image, ["layers[0].zeroPadding2d.padding[0] TOO_LONG"]],
    ["no ends", { zeroPadding2d: { padding: [[1], []] } }, image, ["layers[0].zeroPadding2d.padding[1] EMPTY"]],
    [
      "a padding without lists",
      { zeroPadding2d: { padding: [1] as never } },
      image,
      ["layers[0].zeroPadding2d.padding[0] BAD_TYPE"],
    ],
    [
      "a kernel of too many places",
      conv({ kernelSize: [101, 100], padding: "SAME" }),
      image,
      ["layers[0].conv2d.kernelSize OUT_OF_RANGE"],
    ],
    ["an image too large", { upSampling2d: { size: [65_536] } }, image, ["layers[0] OUT_OF_RANGE"]],
    ["a list repeated too often", { repeatVector: { n: 10_000_000 } }, [4], ["layers[0] OUT_OF_RANGE"]],
    [
      "a kernel of too many numbers",
      { conv2d: { filters: 65_536, kernelSize: [100], padding: "SAME" } },
      [8, 8, 65_536],
      ["layers[0] OUT_OF_RANGE"],
    ],
    [
      "a transposed convolution that grows too large",
      { conv2dTranspose: { filters: 65_536, kernelSize: [1], strides: [65_536] } },
      [8, 8, 1],
      ["layers[0] OUT_OF_RANGE"],
    ],
  ])("%s", (_name, declaration, inputShape, expected) => {
    expect(faults(resolve(declaration, inputShape).problems)).toEqual(expected);
  });

  test("a wrong rank is explained", () => {
    const [problem] = resolve(conv({}), [64]).problems;
    expect(problem?.message).toBe(
      "takes [height, width, channels], and here comes shape [64]: add a reshape layer before it.",
    );
  });

  test("a window that does not fit says by how much", () => {
    const [problem] = resolve(conv({ kernelSize: [3, 4], dilationRate: [2] }), [8, 6, 1]).problems;
    expect(problem?.message).toBe(
      "a window of 7 does not fit into the input's width of 6: use a smaller one, or padding SAME.",
    );
  });
});

import { describe, expect, it, test } from "vitest";
import { encodeSafetensors, type NamedTensor } from "../../src/engine/files/safetensors.js";
import { decodeWeights, encodeWeights, weightTensors } from "../../src/engine/files/weights.js";
import { initialParameters } from "../../src/engine/networks/state.js";
import { batchNormalization, dense, modelOf } from "./models.js";

const model = modelOf([3], [dense("hidden", 4, "RELU"), batchNormalization("norm")], {
  ...{ width: 2, activation: "LINEAR" },
  loss: { type: "MEAN_SQUARED_ERROR" },
});
const parameters = initialParameters(model, 5);
const tensors = weightTensors(model, parameters);
const format = "perennial-weights/1";

describe("a version's weights", () => {
  it("are read as they were written", () => {
    expect(decodeWeights(model, encodeWeights(tensors), "file")).toEqual(parameters);
  });

  const changed = (name: string, change: Partial<NamedTensor>) =>
    tensors.map((tensor) => (tensor.name === name ? { ...tensor, ...change } : tensor));
  test.each<[string, NamedTensor[], string, string]>([
    ["of another format", tensors, "perennial-weights/2", 'its format is "perennial-weights/2"'],
    ["that are a checkpoint", tensors, "perennial-checkpoint/1", 'its format is "perennial-checkpoint/1"'],
    ["without a tensor", tensors.slice(1), format, 'no tensor "hidden/kernel"'],
    [
      "with one more tensor",
      [...tensors, { name: "stray", shape: [1], data: new Float32Array(1) }],
      format,
      'a tensor "stray" that the model does not',
    ],
    [
      "of another shape",
      changed("hidden/kernel", { shape: [4, 3] }),
      format,
      '"hidden/kernel" is of shape [4, 3], not [3, 4]',
    ],
    ["of another rank", changed("hidden/bias", { shape: [4, 1] }), format, '"hidden/bias" is of shape [4, 1], not [4]'],
    [
      "of another type",
      changed("norm/moving_mean", { data: new Float64Array(4) }),
      format,
      '"norm/moving_mean" is not of float32',
    ],
  ])("%s are refused, and it is said why", (_name, wrong, label, reason) => {
    const read = () => decodeWeights(model, encodeSafetensors(wrong, { format: label }), "weights of v1");
    expect(read).toThrow(
      expect.objectContaining({ code: "OBJECT_CORRUPT", message: expect.stringContaining(`weights of v1`) }),
    );
    expect(read).toThrow(reason);
  });

  it("without a word about their format are refused", () => {
    expect(() => decodeWeights(model, encodeSafetensors(tensors), "file")).toThrow('its format is "none"');
  });
});

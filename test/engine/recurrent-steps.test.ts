import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { productOverSteps } from "../../src/engine/layers/steps.js";
import { useEagerBackend } from "./golden.js";

beforeAll(useEagerBackend);

describe("the products of all steps are summed up, each step's once,", () => {
  test.each([
    ["where all steps fit into one product", 3, 4, 8],
    ["where two steps do, of five", 5, 512, 64],
    ["where not even one does", 3, 1100, 64],
    ["for a single step", 1, 4, 8],
  ])("%s", (_name, count, batch, width) => {
    const numbers = (columns: number, factor: number) =>
      Array.from({ length: count }, (_, step) =>
        tf.tensor2d(
          Array.from({ length: batch * columns }, (_, at) => ((at * factor + step) % 7) - 3),
          [batch, columns],
        ),
      );
    const [found, gradients] = [numbers(3, 5), numbers(width, 11)];
    const expected = tf.matMul(tf.concat(found), tf.concat(gradients), true).dataSync();
    const sum = productOverSteps(found, gradients);
    expect(sum.shape).toEqual([3, width]);
    // Whole numbers: the order of additions cannot show.
    expect(sum.dataSync()).toEqual(expected);
  });
});

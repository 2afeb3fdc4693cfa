import { expect, it } from "vitest";
import { firstNonFinite } from "../../src/trainer/store-checkpoint.js";

it("finds the first number that is not finite, at any index of arrays of any length", () => {
  for (let length = 0; length <= 9; length++) {
    const sound = Float32Array.from({ length }, (_, index) => (index % 2 ? -1e38 : 1e38));
    expect(firstNonFinite(sound)).toBeUndefined();
    for (let index = 0; index < length; index++)
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const ruined = sound.slice();
        ruined[index] = value;
        ruined.fill(Number.NaN, index + 1);
        expect(firstNonFinite(ruined)).toBe(value);
      }
  }
});

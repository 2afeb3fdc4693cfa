import { readChoice, readNumber, readOptional } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { listed } from "../fields/wording.js";
import {
  type Initializer,
  type InitializerOptions,
  type InitializerType,
  initializers,
  type Regularizer,
  type RegularizerDeclaration,
} from "./layer.js";

const optionsOf: Partial<Record<InitializerType, readonly (keyof InitializerOptions)[]>> = {
  CONSTANT: ["value"],
  ORTHOGONAL: ["gain"],
  RANDOM_UNIFORM: ["minval", "maxval"],
  RANDOM_NORMAL: ["mean", "stddev"],
  TRUNCATED_NORMAL: ["mean", "stddev"],
};
const allOptions: readonly (keyof InitializerOptions)[] = ["value", "gain", "minval", "maxval", "mean", "stddev"];

export const noPenalty: Regularizer = { l1: 0, l2: 0 };

/**
 * The initializer under `key` with the options under `<key>Options`; defaults are Keras 3's.
 * @param fallback the type where none is declared. What begins with ZEROS by default is a vector, not a matrix.
 */
export function resolveInitializer(
  at: Findings,
  key: string,
  declaredType: InitializerType | null | undefined,
  declaredOptions: InitializerOptions | null | undefined,
  fallback: InitializerType = "GLOROT_UNIFORM",
): Initializer {
  const type = readChoice(at, key, declaredType, initializers, fallback);
  if (type === "ORTHOGONAL" && fallback === "ZEROS") {
    at.add("CONTRADICTION", "ORTHOGONAL needs at least two dimensions: it is for kernels.", key);
  }
  const options = readOptional(at, `${key}Options`, declaredOptions) ?? {};
  const places = at.at(`${key}Options`);
  const applicable = optionsOf[type] ?? [];
  for (const option of allOptions) {
    if (options[option] === undefined || options[option] === null || applicable.includes(option)) continue;
    places.add("CONTRADICTION", `does not apply to ${type}, whose options are: ${listed(applicable)}.`, option);
  }
  const read = (option: keyof InitializerOptions, fallback: number, above?: number) =>
    readNumber(places, option, options[option], { above, fallback });

  switch (type) {
    case "CONSTANT":
      return { type, value: read("value", 0) };
    case "ORTHOGONAL":
      return { type, gain: read("gain", 1) };
    case "RANDOM_UNIFORM": {
      const minval = read("minval", -0.05);
      const maxval = read("maxval", 0.05);
      if (minval >= maxval)
        places.add("CONTRADICTION", `must be above minval: ${maxval} is not above ${minval}.`, "maxval");
      return { type, minval, maxval };
    }
    case "RANDOM_NORMAL":
    case "TRUNCATED_NORMAL":
      return { type, mean: read("mean", 0), stddev: read("stddev", 0.05, 0) };
    default:
      return { type };
  }
}

/** The penalty under `key`; none by default. `onlyWith` names the flag without which there is nothing to penalize. */
export function resolveRegularizer(
  at: Findings,
  key: string,
  declared: RegularizerDeclaration | null | undefined,
  onlyWith: { flag: string; on: boolean } = { flag: "", on: true },
): Regularizer {
  const regularizer = readOptional(at, key, declared);
  if (regularizer === undefined) return { ...noPenalty };
  const read = (option: "l1" | "l2") => readNumber(at.at(key), option, regularizer[option], { min: 0, fallback: 0 });
  const penalty = { l1: read("l1"), l2: read("l2") };
  if (!onlyWith.on && penalty.l1 + penalty.l2 > 0) {
    at.add("CONTRADICTION", `penalizes a parameter that ${onlyWith.flag}: false leaves out.`, key);
  }
  return penalty;
}

import { type ChoiceOf, choices } from "../fields/choices.js";
import { type DeclaredFields, type Field, struct } from "../fields/field.js";
import { readChoice, readOptional } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { readBy } from "../fields/objects.js";
import { number } from "../fields/scalars.js";
import { listed } from "../fields/wording.js";

const initializerChoices = choices(
  "Initializer",
  "How weights begin, with the names and definitions of Keras 3. Random ones follow from the run's seed.",
  {
    ZEROS: "All 0.",
    ONES: "All 1.",
    CONSTANT: "All `value` (default 0).",
    GLOROT_UNIFORM: "Uniform within ±sqrt(6 / (fanIn + fanOut)); also called Xavier.",
    GLOROT_NORMAL: "Truncated normal of variance 2 / (fanIn + fanOut).",
    HE_UNIFORM: "Uniform within ±sqrt(6 / fanIn). Goes with RELU.",
    HE_NORMAL: "Truncated normal of variance 2 / fanIn. Goes with RELU.",
    LECUN_UNIFORM: "Uniform within ±sqrt(3 / fanIn).",
    LECUN_NORMAL: "Truncated normal of variance 1 / fanIn. Goes with SELU.",
    ORTHOGONAL: "A random orthogonal matrix times `gain` (default 1); kernels only.",
    RANDOM_UNIFORM: "Uniform from `minval` (default -0.05) to `maxval` (default 0.05).",
    RANDOM_NORMAL: "Normal with `mean` (default 0) and `stddev` (default 0.05).",
    TRUNCATED_NORMAL: "As RANDOM_NORMAL, redrawn beyond two standard deviations.",
  },
);
export type InitializerType = ChoiceOf<typeof initializerChoices>;

const optionFields = {
  value: number({ default: 0, doc: "CONSTANT: the value." }),
  gain: number({ default: 1, doc: "ORTHOGONAL: the factor." }),
  minval: number({ default: -0.05, doc: "RANDOM_UNIFORM: the lower bound." }),
  maxval: number({ default: 0.05, doc: "RANDOM_UNIFORM: the upper bound. It must be above `minval`." }),
  mean: number({ default: 0, doc: "RANDOM_NORMAL, TRUNCATED_NORMAL: the mean." }),
  stddev: number({ above: 0, default: 0.05, doc: "RANDOM_NORMAL, TRUNCATED_NORMAL: the standard deviation." }),
};
const optionsStruct = struct(
  "InitializerOptionsInput",
  "Options of an initializer. An option that its type does not have is refused.",
  optionFields,
);
type Option = keyof typeof optionFields;
type InitializerOptions = DeclaredFields<typeof optionFields>;

const optionsOf = {
  CONSTANT: ["value"],
  ORTHOGONAL: ["gain"],
  RANDOM_UNIFORM: ["minval", "maxval"],
  RANDOM_NORMAL: ["mean", "stddev"],
  TRUNCATED_NORMAL: ["mean", "stddev"],
} as const satisfies { [Type in InitializerType]?: readonly Option[] };

type OptionsOf<Type> = Type extends keyof typeof optionsOf ? (typeof optionsOf)[Type][number] : never;

/** A resolved initializer: its type, and the options of that type alone. */
export type Initializer = {
  [Type in InitializerType]: { type: Type } & { [Key in OptionsOf<Type>]: number };
}[InitializerType];

/**
 * Two fields: how a tensor begins, under `key`, and the options of that under `<key>Options`. Defaults are Keras 3's.
 *
 * @param fallback the type where none is declared. A tensor that is ZEROS by default is a vector, not a matrix.
 */
export function initializer<const Key extends string>(
  key: Key,
  doc: string,
  fallback: InitializerType = "GLOROT_UNIFORM",
): InitializerFields<Key> {
  const type = readBy<InitializerType, Initializer, false>(
    {
      doc,
      takes: { type: "CHOICE", choices: initializerChoices },
      required: false,
      absent: { value: fallback },
    },
    (at, _key, value, beside) => {
      const declared = (beside as Record<string, InitializerOptions | null | undefined>)[`${key}Options`];
      return readInitializer(at, key, value, declared, fallback);
    },
  );
  const options = readBy<InitializerOptions, undefined, false>(
    {
      doc: `Options of \`${key}\`.`,
      takes: { type: "OBJECT", struct: () => optionsStruct },
      required: false,
      absent: { words: "the default of each option" },
    },
    () => undefined,
  );
  return { [key]: type, [`${key}Options`]: options } as InitializerFields<Key>;
}

type InitializerFields<Key extends string> = { [K in Key]: Field<InitializerType, Initializer, false> } & {
  [K in `${Key}Options`]: Field<InitializerOptions, undefined, false>;
};

function readInitializer(
  at: Findings,
  key: string,
  declaredType: InitializerType | null | undefined,
  declaredOptions: InitializerOptions | null | undefined,
  fallback: InitializerType,
): Initializer {
  const type = readChoice(at, key, declaredType, initializerChoices.all, fallback);
  if (type === "ORTHOGONAL" && fallback === "ZEROS") {
    at.add("CONTRADICTION", "ORTHOGONAL needs at least two dimensions: it is for kernels.", key);
  }
  const applicable: readonly Option[] = optionsOf[type as keyof typeof optionsOf] ?? [];
  const given = readOptional(at, `${key}Options`, declaredOptions);
  if (given === undefined && applicable.length === 0) return { type } as Initializer;
  const options = given ?? {};
  const places = at.at(`${key}Options`);
  for (const option of Object.keys(optionFields) as Option[]) {
    if (options[option] === undefined || options[option] === null || applicable.includes(option)) continue;
    places.add("CONTRADICTION", `does not apply to ${type}, whose options are: ${listed(applicable)}.`, option);
  }
  const values = applicable.map((key) => [key, optionFields[key].read(places, key, options[key], options)] as const);
  const resolved = { type, ...Object.fromEntries(values) } as Initializer;
  if (resolved.type === "RANDOM_UNIFORM" && resolved.minval >= resolved.maxval) {
    const message = `must be above minval: ${resolved.maxval} is not above ${resolved.minval}.`;
    places.add("CONTRADICTION", message, "maxval");
  }
  return resolved;
}

import { limits } from "./limits.js";
import type { Problem, ProblemCode } from "./problem.js";
import { shown } from "./wording.js";

const rest = `{0,${limits.nameLength - 1}}`;
/** Datasets, models, optimizers, policies and layers. Neither `/` nor `@`, which versions are referenced with. */
export const declarationNamePattern = new RegExp(`^[A-Za-z][A-Za-z0-9_.-]${rest}$`);
export const aliasPattern = new RegExp(`^[A-Za-z_][\\w-]${rest}$`);

export type NameKind = "declaration" | "layer" | "feature" | "alias";

/** Any text that looks on a screen like the header that it is. In one normal form, so that equal names have equal bytes. */
function isFeatureName(name: string): boolean {
  const isLong = name.length < 1 || name.length > limits.featureNameLength;
  return !isLong && !/[\p{Cc}\p{Surrogate}]/u.test(name) && name.trim() === name && name.normalize("NFC") === name;
}

interface NameRule {
  matches(name: string): boolean;
  rule: string;
  reserved(name: string): string | undefined;
}

const matching = (pattern: RegExp) => (name: string) => pattern.test(name);

const rules: Record<NameKind, NameRule> = {
  declaration: {
    matches: matching(declarationNamePattern),
    rule: `1 to ${limits.nameLength} letters, digits, dots, hyphens and underscores, beginning with a letter`,
    reserved: () => undefined,
  },
  layer: {
    matches: matching(declarationNamePattern),
    rule: `1 to ${limits.nameLength} letters, digits, dots, hyphens and underscores, beginning with a letter`,
    reserved: (name) => platformLayers.get(name) ?? inheritedProperty(name),
  },
  feature: {
    matches: isFeatureName,
    rule: `any text of 1 to ${limits.featureNameLength} characters in Unicode's normal form C, without control characters and blanks at its ends`,
    reserved: () => undefined,
  },
  alias: {
    matches: matching(aliasPattern),
    rule: `1 to ${limits.nameLength} letters, digits, hyphens and underscores, beginning with a letter or an underscore`,
    reserved: (name) => {
      if (name === "latest") return "a model's name alone means its latest version";
      return /^v\d+$/.test(name) ? 'it looks like a version number; version 3 is referenced as "name/3"' : undefined;
    },
  },
};

/** What parameters' names of the platform's own begin with: a layer of that name could have the same ones. */
const platformLayers: ReadonlyMap<string, string> = new Map([
  ["output", "it is the name of the output layer"],
  ["inputs", "it is the name of the layer that embeds inputs"],
  ["optimizer", "the optimizer's tensors are kept under that name"],
]);

/** Tables of layers are plain objects in many clients: there, `layers["constructor"]` would find a function. */
function inheritedProperty(name: string): string | undefined {
  return name in Object.prototype ? "every JavaScript object has a property of that name" : undefined;
}

/** What a name of a kind is made of, such as `1 to 63 letters, digits, …`. */
export function nameRule(kind: NameKind): string {
  return rules[kind].rule;
}

/** What is wrong with a name, or undefined. */
export function checkName(kind: NameKind, name: unknown, path: string): Problem | undefined {
  const problem = (code: ProblemCode, message: string): Problem => ({ path, code, message });
  if (name === undefined || name === null) return problem("REQUIRED", "A name is required.");
  const { matches, rule, reserved } = rules[kind];
  if (typeof name !== "string") return problem("BAD_TYPE", `must be a name, got ${shown(name)}.`);
  if (!matches(name)) return problem("BAD_NAME", `must be ${rule}; got ${shown(name)}.`);
  const reason = reserved(name);
  return reason === undefined ? undefined : problem("RESERVED_NAME", `${shown(name)} is reserved: ${reason}.`);
}

/** What is wrong with an alias's name, at `alias`, or undefined. */
export function aliasNameProblem(name: unknown): Problem | undefined {
  return checkName("alias", name, "alias");
}

/** A trained version: the latest of a model, one by number, or the one that an alias points to. */
export type VersionRef =
  | { model: string; version?: number; alias?: undefined }
  | { model: string; alias: string; version?: undefined };

/** Reads `"name"` (latest), `"name/3"` (version 3) or `"name@champion"` (alias); `problem` says why it cannot be read. */
export function parseVersionRef(text: string): VersionRef | { problem: string } {
  const [, model, version, alias] = /^([^/@]*)(?:\/(.*)|@(.*))?$/s.exec(text) ?? [];
  if (model === undefined || checkName("declaration", model, "") !== undefined) {
    return { problem: `must be "name", "name/3" or "name@alias", got ${shown(text)}.` };
  }
  if (alias !== undefined) {
    const problem = checkName("alias", alias, "");
    return problem ? { problem: `the alias after @: ${problem.message}` } : { model, alias };
  }
  if (version === undefined) return { model };
  if (!/^[1-9]\d{0,9}$/.test(version) || Number(version) > limits.int) {
    return { problem: `the version after / must be a whole number from 1, got ${shown(version)}.` };
  }
  return { model, version: Number(version) };
}

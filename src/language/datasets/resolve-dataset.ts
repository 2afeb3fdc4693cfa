import { readDescription, readInteger, readList, readName, readObject } from "../fields/fields.js";
import { Findings } from "../fields/findings.js";
import { parseTimestamp } from "../fields/instant.js";
import { limits } from "../fields/limits.js";
import type { Resolution } from "../fields/problem.js";
import { listed, shown } from "../fields/wording.js";
import {
  type DatasetDeclaration,
  type DatasetSpec,
  type Feature,
  type FeatureDeclaration,
  type Split,
  type SplitDeclaration,
  type SplitTime,
  splitParts,
} from "./dataset.js";
import { type FeatureFields, isGiven, resize as resizeField } from "./feature-fields.js";
import { describedType, type FeatureType, type FeatureTypeDescription, typesWith } from "./feature-types.js";
import { commonFields, type SplitTimeDeclaration, splitFields, splitTimeFields } from "./fields.js";

/**
 * A dataset with its defaults: no description, split 0.8 / 0.1 / 0.1 by the row's ordinal, seed 0. Where only some
 * fractions are given, the others share what these leave; see `resolveSplit`.
 */
export function resolveDataset(declaration: DatasetDeclaration): Resolution<DatasetSpec> {
  const findings = Findings.start();
  const name = readName(findings, "name", declaration.name, "declaration");
  const description = readDescription(findings, declaration.description);
  const features = resolveFeatures(findings, declaration.features);
  const split = resolveSplit(findings.at("split"), declaration.split ?? {}, features);
  return findings.resolution({ name, description, features, split });
}

function resolveFeatures(findings: Findings, declared: readonly FeatureDeclaration[]): Feature[] {
  const list = readList(findings, "features", declared, limits.features);
  if (Array.isArray(declared) && declared.length < 2) {
    const code = declared.length === 0 ? "EMPTY" : "OUT_OF_RANGE";
    findings.add(code, `must have at least 2 features, inputs and a target; got ${declared.length}.`, "features");
  }
  const at = findings.at("features");
  const taken = new Map<string, number>();
  return list.flatMap((entry, index) => {
    const feature = readObject(at, index, entry);
    if (feature === undefined) return [];
    const resolved = resolveFeature(at.at(index), feature);
    if (resolved.name === "") return [resolved];
    const earlier = taken.get(resolved.name);
    if (earlier === undefined) taken.set(resolved.name, index);
    else at.at(index).add("DUPLICATE", `${shown(resolved.name)} is already the name of features[${earlier}].`, "name");
    return [resolved];
  });
}

function resolveFeature(at: Findings, declared: FeatureDeclaration): Feature {
  const name = commonFields.name.read(at, "name", declared.name, declared);
  const description = commonFields.description.read(at, "description", declared.description, declared);
  const type = commonFields.type.read(at, "type", declared.type, declared);
  const { fields, rule }: Pick<FeatureTypeDescription, "fields" | "rule"> = type ? describedType(type) : { fields: {} };
  const categories = fields.categories?.read(at, "categories", declared.categories, declared) ?? [];
  if (type && isGiven(declared.categories))
    refuseOthers(at, type, "categories", (types) => `only ${types} features have categories`);
  const shape = fields.shape?.read(at, "shape", declared.shape, declared) ?? [];
  if (type && isGiven(declared.shape))
    refuseOthers(at, type, "shape", (types) => `only ${types} features have a shape`);
  rule?.(at, { categories, shape });
  const resize = resizeField.read(at, "resize", declared.resize, declared);
  if (type && declared.resize != null)
    refuseOthers(at, type, "resize", (types) => `only an ${types} feature is resized`);
  const nullable = commonFields.nullable.read(at, "nullable", declared.nullable, declared);
  return {
    ...{ name, type: type ?? "NUMBER", description, categories, shape },
    ...(resize && { resize }),
    ...(nullable && { nullable }),
  };
}

/** Reports a field that the feature's type does not take. */
function refuseOthers(
  at: Findings,
  type: FeatureType,
  key: keyof FeatureFields,
  rule: (types: string) => string,
): void {
  if (describedType(type).fields[key] !== undefined) return;
  const types = listed(typesWith(({ fields }) => fields[key]));
  at.add("CONTRADICTION", `${rule(types)}, and this one is ${type}.`, key);
}

/**
 * Fractions default to 0.8 / 0.1 / 0.1. Where only some are given: without `train`, validation and test default to 0.1
 * each and train takes the rest; with `train`, the rest goes to the missing one, or half to each of the two.
 */
function resolveSplit(at: Findings, declared: SplitDeclaration, features: Feature[]): Split {
  const fraction = (key: "train" | "validation" | "test") =>
    splitFields[key].read(at, key, declared[key], declared) ?? Number.NaN;
  const given = (key: "train" | "validation" | "test") => declared[key] !== undefined && declared[key] !== null;

  let train = fraction("train");
  let validation = fraction("validation");
  let test = fraction("test");
  if (!given("train")) {
    if (!given("validation")) validation = 0.1;
    if (!given("test")) test = 0.1;
    train = remainder(validation, test);
  } else if (!given("validation") && !given("test")) {
    validation = remainder(train, 0) / 2;
    test = remainder(train, validation);
  } else if (!given("validation")) validation = remainder(train, test);
  else if (!given("test")) test = remainder(train, validation);

  if (![train, validation, test].some(Number.isNaN)) {
    const sum = train + validation + test;
    if (Math.abs(sum - 1) > 1e-6 || Math.min(train, validation, test) < 0) {
      const got = `train ${train}, validation ${validation} and test ${test}`;
      at.add("OUT_OF_RANGE", `the fractions must sum to 1 with none below 0, got ${got}.`);
    } else if (train === 0) at.add("OUT_OF_RANGE", "leave 0 to train on: there must be more.");
  }
  const rule = resolveRule(at, declared, features);
  return {
    ...{ train, validation, test, key: rule.key ?? null },
    seed: splitFields.seed.read(at, "seed", declared.seed, declared),
    ...rule.others,
  };
}

/** What decides a row's part other than its ordinal: at most one of several. */
function resolveRule(
  at: Findings,
  declared: SplitDeclaration,
  features: Feature[],
): { key?: string | null; others?: Pick<Split, "keys" | "stratifyBy" | "time" | "column"> } {
  // Own fields only: an array, which older releases took for an object without fields, inherits `keys`.
  const { key, keys, stratifyBy, time, column }: SplitDeclaration = Object.fromEntries(Object.entries(declared));
  const rules = { key, keys, stratifyBy, time, column };
  const [first, second] = Object.entries(rules).flatMap(([name, rule]) => (rule == null ? [] : [name]));
  if (second !== undefined)
    at.add("CONTRADICTION", `cannot be combined with ${first}: one rule divides the rows.`, second);
  const featureOf = (place: Findings, field: string | number, name: string, types: readonly FeatureType[]) =>
    resolveFeatureOf(place, field, name, features, types);
  if (keys != null) {
    const names = readKeys(at, keys, featureOf);
    return names.length > 1 ? { others: { keys: names } } : { key: names[0] ?? null };
  }
  if (stratifyBy != null) {
    featureOf(at, "stratifyBy", stratifyBy, keyTypes);
    return { others: { stratifyBy } };
  }
  if (time != null) {
    const entry = readObject(at, "time", time);
    return entry ? { others: { time: resolveTime(at.at("time"), entry, featureOf) } } : {};
  }
  if (column != null) {
    assertParts(at, featureOf(at, "column", column, partTypes));
    return { others: { column } };
  }
  if (key != null) featureOf(at, "key", key, keyTypes);
  return { key: key ?? null };
}

type FindFeature = (
  at: Findings,
  field: string | number,
  name: string,
  types: readonly FeatureType[],
) => Feature | undefined;

function readKeys(at: Findings, declared: string[], featureOf: FindFeature): string[] {
  const list = readList(at, "keys", declared, limits.splitKeys);
  if (Array.isArray(declared) && declared.length === 0) at.add("EMPTY", "must name at least one feature.", "keys");
  const names = new Set<string>();
  for (const [index, name] of list.entries()) {
    featureOf(at.at("keys"), index, name, keyTypes);
    if (names.has(name)) at.at("keys").add("DUPLICATE", `${shown(name)} is already a key.`, index);
    names.add(name);
  }
  return [...names];
}

function resolveTime(at: Findings, declared: SplitTimeDeclaration, featureOf: FindFeature): SplitTime {
  const feature = featureOf(at, "feature", declared.feature, timeTypes);
  const instant = (field: "validationFrom" | "testFrom"): number | undefined => {
    const told = splitTimeFields[field].read(at, field, declared[field], declared);
    if (told === "") return undefined;
    const parsed = parseTimestamp(told);
    if (parsed === undefined)
      at.add("BAD_TYPE", `must be an instant in ISO 8601 with a zone, or a date, got ${shown(told)}.`, field);
    else if (feature && describedType(feature.type).timeOrder !== "INSTANT")
      at.add("CONTRADICTION", `an instant is not comparable with ${feature.name}, which is ${feature.type}.`, field);
    return parsed;
  };
  const [validationFrom, testFrom] = [instant("validationFrom"), instant("testFrom")];
  if (validationFrom !== undefined && testFrom !== undefined && validationFrom > testFrom)
    at.add("OUT_OF_RANGE", "must not be later than testFrom.", "validationFrom");
  return {
    feature: declared.feature,
    ...(validationFrom !== undefined && { validationFrom: new Date(validationFrom).toISOString() }),
    ...(testFrom !== undefined && { testFrom: new Date(testFrom).toISOString() }),
  };
}

/** Refuses a feature with declared categories that are no parts. */
function assertParts(at: Findings, feature: Feature | undefined): void {
  const parts: readonly string[] = splitParts;
  const stranger = feature?.categories.find((category) => !parts.includes(category));
  if (stranger === undefined) return;
  at.add(
    "CONTRADICTION",
    `its values must be ${listed(parts, "or")}, and ${shown(stranger)} is one of them.`,
    "column",
  );
}

/** Rounded, so that 0.8 and 0.1 leave 0.1, with the digest of 0.1. */
function remainder(a: number, b: number): number {
  return Math.round((1 - a - b) * 1e9) / 1e9 + 0; // + 0: no negative zero
}

/** A seed of anything: 0 by default. */
export function readSeed(at: Findings, seed: number | null | undefined): number {
  return readInteger(at, "seed", seed, 0, 0);
}

const keyTypes = typesWith(({ isSplitKey }) => isSplitKey);
const timeTypes = typesWith(({ timeOrder }) => timeOrder);
const partTypes = typesWith(({ namesPart }) => namesPart);

function resolveFeatureOf(
  at: Findings,
  field: string | number,
  name: string,
  features: Feature[],
  types: readonly FeatureType[],
): Feature | undefined {
  const feature = features.find((candidate) => candidate.name === name);
  if (feature === undefined) {
    const names = listed(features.map((candidate) => candidate.name).filter(Boolean));
    at.add("UNKNOWN_REFERENCE", `${shown(name)} is not a feature of this dataset, which has ${names}.`, field);
  } else if (!types.includes(feature.type)) {
    at.add("CONTRADICTION", `must be a ${listed(types, "or")} feature, and ${name} is ${feature.type}.`, field);
    return undefined;
  }
  return feature;
}

import { describe, expect, it } from "vitest";
import { fitPreprocessing } from "../../src/features/preprocessing.js";
import { tableFromRows } from "../../src/features/table.js";
import type { Feature, SplitPart } from "../../src/language/datasets/dataset.js";
import type { ModelDeclaration } from "../../src/language/models/model.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import type { Assignment } from "../../src/trainer/protocol.js";
import { usableRows } from "../../src/trainer/usable-rows.js";
import { resolved } from "../language/declarations.js";

const plain = { description: "", categories: [], shape: [] };
const features: Feature[] = [
  { ...plain, name: "x", type: "NUMBER" },
  { ...plain, name: "y", type: "NUMBER" },
  { ...plain, name: "w", type: "NUMBER" },
  { ...plain, name: "z", type: "BINARY" },
  { ...plain, name: "share", type: "VECTOR", shape: [2] },
  { ...plain, name: "ids", type: "VECTOR", shape: [3] },
  { ...plain, name: "steps", type: "SEQUENCE" },
];
const dataset = { name: "d", features };
const good = (row: number) => ({
  ...{ x: row % 10, y: 1 + (row % 7), w: 1, z: row % 2 === 0, share: [0.25, 0.75], ids: [0, 1, 2], steps: [1, 2] },
});
const parts = {
  train: Uint32Array.from([0, 1, 2, 3, 4, 5]),
  validation: Uint32Array.from([6, 7]),
  test: Uint32Array.from([8, 9]),
};
type Row = Record<string, unknown>;

const modelOf = (declaration: Partial<ModelDeclaration>) =>
  resolved(resolveModel({ name: "m", dataset: "d", target: "y", inputs: ["x"], layers: [], ...declaration }, dataset));
const tableOf = (bad: Record<number, Row>) =>
  tableFromRows(
    features,
    Array.from({ length: 10 }, (_, row) => ({ ...good(row), ...bad[row] })),
  );

/** What is decided of ten rows, of which some have other values. */
function decide(declaration: Partial<ModelDeclaration>, bad: Record<number, Row>, changes: Partial<Assignment> = {}) {
  const assignment = {
    ...{ model: modelOf(declaration), parent: null, gate: null },
    ...{ training: { semantics: 2, earlyStopping: null }, optimizer: { learningRate: { type: "constant" } } },
    ...changes,
  };
  return usableRows(assignment as unknown as Assignment, tableOf(bad), parts);
}

const embedded = (feature: string): Partial<ModelDeclaration> => ({
  inputs: [feature],
  preprocessing: [{ feature, method: "NONE", ...(feature === "steps" && { maxLength: 4 }) }],
  layers: [{ embedding: { inputDim: 10, outputDim: 2 } }, { flatten: {} }],
});
const heavy = { weights: [{ category: "true", weight: 9 }] };
const infinite = { target: "z", sampleWeight: "w", classWeights: heavy };

const causes: [string, Partial<ModelDeclaration>, Row, string][] = [
  ["a negative weight", { sampleWeight: "w" }, { w: -1 }, 'the weight "w" must be at least 0 and finite'],
  [
    "a weight too large for its class",
    infinite,
    { w: 3e38 },
    'the weight "w" times that of its class must be at least',
  ],
  ["a negative count", { loss: { type: "POISSON" } }, { y: -1 }, 'the target "y" must be 0 or more for POISSON'],
  ["a negative logarithm", { loss: { type: "MEAN_SQUARED_LOGARITHMIC_ERROR" } }, { y: -0.5 }, "be 0 or more for MEAN_"],
  ["a percentage of 0", { loss: { type: "MEAN_ABSOLUTE_PERCENTAGE_ERROR" } }, { y: 0 }, "must be above 0 for MEAN_ABS"],
  [
    "a percentage of what is 0 in 32-bit floats",
    ...([{ loss: { type: "MEAN_ABSOLUTE_PERCENTAGE_ERROR" } }, { y: 1e-60 }, "must be above 0"] as const),
  ],
  [
    "shares that do not sum to 1",
    ...([{ target: "share", loss: { type: "KL_DIVERGENCE" } }, { share: [0.5, 0.75] }, "sum to 1, not 1.25"] as const),
  ],
  [
    "a negative share",
    ...([{ target: "share", loss: { type: "KL_DIVERGENCE" } }, { share: [-0.5, 1.5] }, "be a distribution"] as const),
  ],
  ["an id beyond inputDim", embedded("x"), { x: 10 }, 'feature "x" must be a whole number from 0 to 9'],
  ["a negative id", embedded("x"), { x: -1 }, 'feature "x" must be a whole number from 0 to 9'],
  ["half an id", embedded("x"), { x: 1.5 }, 'feature "x" must be a whole number from 0 to 9'],
  ["an id beyond inputDim in a vector", embedded("ids"), { ids: [1, 12, 3] }, 'feature "ids" must be a whole number'],
  ["an id beyond inputDim in a sequence", embedded("steps"), { steps: [1, 2, 77] }, 'feature "steps" must be a whole'],
];

describe.each(causes)("%s", (_, declaration, bad, says) => {
  // A weight is multiplied by that of its class in training alone.
  const part: SplitPart = declaration.classWeights ? "train" : "test";
  const rows = part === "train" ? [2, 4] : [8, 9];
  const spoiled = { [rows[0] as number]: bad, [rows[1] as number]: bad };

  it("refuses the run, with ordinal, feature, value and number of rows", () => {
    const attempt = () => decide(declaration, spoiled);
    expect(attempt).toThrow(expect.objectContaining({ code: "INVALID_ROWS" }));
    expect(attempt).toThrow("2 of the 10 rows cannot be used");
    expect(attempt).toThrow(`row ${rows[0]} (by its ordinal in the dataset, from 0): `);
    expect(attempt).toThrow(says);
    expect(attempt).toThrow(`Their ordinals: ${rows[0]} and ${rows[1]}.`);
    expect(attempt).toThrow("`invalidRows: SKIP`");
  });

  it("is left out with SKIP, and nothing else is", () => {
    const { rows: usable, skipped } = decide({ ...declaration, invalidRows: "SKIP" }, spoiled);
    expect(skipped).toContain("2 of the 10 rows are left out");
    expect(skipped).toContain(says);
    expect(skipped).toContain(`2 of ${part}`);
    const gate = parts.test.filter((row) => !rows.includes(row));
    expect(usable).toEqual({ ...parts, gate, [part]: parts[part].filter((row) => !rows.includes(row)) });
  });

  it("changes nothing if all rows are usable", () => {
    const { rows: usable, skipped } = decide(declaration, {});
    expect(usable).toEqual({ ...parts, gate: parts.test });
    expect(skipped).toBeNull();
  });
});

describe("the rows of a run", () => {
  const poisson: Partial<ModelDeclaration> = { loss: { type: "POISSON" }, invalidRows: "SKIP" };

  it("that are left out are not used to fit the preprocessing", () => {
    const bad = { 3: { y: -1, x: 1e6 } };
    const { preprocessing } = decide(poisson, bad);
    const others = parts.train.filter((row) => row !== 3);
    expect(preprocessing).toEqual(fitPreprocessing(modelOf(poisson), tableOf(bad), others));
  });

  it("that are left out do not count for balanced class weights", () => {
    const { rows } = decide(
      { ...infinite, classWeights: { method: "BALANCED" }, invalidRows: "SKIP" },
      { 1: { w: -1 } },
    );
    expect([...rows.train]).toEqual([0, 2, 3, 4, 5]);
  });

  it.each([
    ["training", { 0: -1, 1: -1, 2: -1, 3: -1, 4: -1, 5: -1 }, {}, "no training row is left"],
    [
      "validation",
      { 6: -1, 7: -1 },
      { earlyStopping: { monitor: "val_loss" } },
      "no validation row is left to measure",
    ],
  ])("fail it with SKIP where no %s row is left that it needs", (_, values, training, says) => {
    const bad = Object.fromEntries(Object.entries(values).map(([row, y]) => [row, { y }]));
    const changes = { training: { semantics: 2, earlyStopping: null, ...training } } as unknown as Partial<Assignment>;
    expect(() => decide(poisson, bad, changes)).toThrow(says);
    expect(() => decide(poisson, bad, changes)).toThrow(expect.objectContaining({ code: "INVALID_ROWS" }));
  });

  it("are reported by the ten lowest ordinals and at most ten reasons", () => {
    const shares: Partial<ModelDeclaration> = { target: "share", loss: { type: "KL_DIVERGENCE" } };
    const bad = Object.fromEntries(Array.from({ length: 10 }, (_, row) => [row, { share: [0.1, row / 10 + 1] }]));
    expect(() => decide(shares, bad)).toThrow(/^.{0,2000}$/);
  });

  it("are found under semantics 2 if the parent's scaling makes them infinite, and used as before under 1", () => {
    const declaration: Partial<ModelDeclaration> = { invalidRows: "SKIP" };
    const preprocessing = fitPreprocessing(modelOf(declaration), tableOf({}), parts.train);
    const scaling = { feature: "x", method: "Z_SCORE" as const, mean: [0], standardDeviation: [1e-6] };
    const parent = { rowCount: 0, preprocessing: { ...preprocessing, inputs: [scaling] } };
    const under = (semantics: number) =>
      decide(declaration, { 4: { x: 3e38 } }, {
        ...{ parent, training: { semantics, earlyStopping: null } },
      } as unknown as Partial<Assignment>);
    expect([...under(2).rows.train]).toEqual([0, 1, 2, 3, 5]);
    expect(under(2).skipped).toContain('feature "x" must be finite in 32-bit floats when scaled, and is 3e+38');
    expect([...under(1).rows.train]).toEqual([...parts.train]);
  });
});

describe("the rows of a gate", () => {
  const champion = (declaration: Partial<ModelDeclaration>) => {
    const model = modelOf(declaration);
    const preprocessing = fitPreprocessing(model, tableOf({}), parts.train);
    return { gate: { metric: "mean_absolute_error", champion: { versionId: "version_1", model, preprocessing } } };
  };

  it("are those that both models can use, while the challenger is evaluated on all rows that it can use", () => {
    const changes = champion(embedded("x")) as unknown as Partial<Assignment>;
    const { rows, skipped } = decide({ invalidRows: "SKIP" }, { 9: { x: 10 } }, changes);
    expect([...rows.test]).toEqual([8, 9]);
    expect([...rows.gate]).toEqual([8]);
    expect(skipped).toContain('for the gate\'s champion version_1 feature "x" must be a whole number from 0 to 9');
    expect(() => decide({}, { 9: { x: 10 } }, changes)).toThrow("for the gate's champion version_1");
  });

  it("are those of the challenger alone if the two cannot be compared", () => {
    const changes = champion({ ...embedded("x"), target: "w" }) as unknown as Partial<Assignment>;
    expect([...decide({}, { 9: { x: 10 } }, changes).rows.gate]).toEqual([8, 9]);
  });

  it("fail the run with SKIP if none is left", () => {
    const changes = champion(embedded("x")) as unknown as Partial<Assignment>;
    const bad = { 8: { x: 10 }, 9: { x: 11 } };
    expect(() => decide({ invalidRows: "SKIP" }, bad, changes)).toThrow("no test row is left to measure the gate's");
  });
});

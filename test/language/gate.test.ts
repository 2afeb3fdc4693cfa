import { describe, expect, it } from "vitest";
import { type GateValue, judge } from "../../src/language/retraining/gate.js";

const gate = { alias: "champion", metric: "accuracy", mustNotDropBy: 0.02 };
const sound = (value: number): GateValue => ({ value, undefinedReason: null, sound: true });
const undefinedFor = (undefinedReason: string): GateValue => ({ value: Number.NaN, undefinedReason, sound: true });
const broken: GateValue = { value: Number.NaN, undefinedReason: "a prediction is NaN", sound: false };
const champion = (measured: GateValue | null) => ({ versionId: "version_1", measured });

describe("the gate", () => {
  it.each([
    { case: "a better challenger", gate, champion: 0.9, challenger: 0.95, promoted: true },
    { case: "one worse by exactly what is allowed", gate, champion: 0.9, challenger: 0.88, promoted: true },
    { case: "one worse by more", gate, champion: 0.9, challenger: 0.87, promoted: false },
    {
      case: "an equal one when nothing may be lost",
      gate: { ...gate, mustNotDropBy: 0 },
      champion: 0.9,
      challenger: 0.9,
      promoted: true,
    },
    { case: "a lower loss", gate: { ...gate, metric: "loss" }, champion: 0.5, challenger: 0.4, promoted: true },
    { case: "a higher loss", gate: { ...gate, metric: "loss" }, champion: 0.5, challenger: 0.6, promoted: false },
    { case: "NaN", gate, champion: 0.1, challenger: Number.NaN, promoted: false },
  ])("decides about $case: promoted $promoted", ({ gate, champion: value, challenger, promoted }) => {
    const verdict = judge(gate, { champion: champion(sound(value)), challenger: sound(challenger) });
    expect(verdict.promoted).toBe(promoted);
    expect(verdict.reason).toContain(gate.metric);
  });

  const r2 = { ...gate, metric: "r2_score", mustNotDropBy: 1_000 };
  it.each([
    ["both sides", undefinedFor("there is only one row"), undefinedFor("there is only one row")],
    ["the challenger's", sound(0.1), undefinedFor("there is only one row")],
    ["the champion's", undefinedFor("there is only one row"), sound(0.1)],
    ["the challenger's, without a champion,", null, undefinedFor("there is only one row")],
  ])("refuses a promotion for a metric that is undefined on %s side, and says why", (_, rival, challenger) => {
    const verdict = judge(r2, { champion: rival && champion(rival), challenger });
    expect(verdict).toEqual({
      promoted: false,
      reason: expect.stringMatching(/r2_score is undefined on the test rows: there is only one row$/),
    });
  });

  it("lets any number beat a champion whose predictions are NaN, or whose loss is", () => {
    for (const measured of [broken, { ...sound(Number.NaN), sound: false }, sound(Number.NaN)])
      for (const metric of ["r2_score", "loss"])
        expect(judge({ ...gate, metric }, { champion: champion(measured), challenger: sound(-3) }).promoted).toBe(true);
  });

  it("does not let a challenger win whose predictions are NaN, not even against another", () => {
    for (const rival of [null, champion(sound(0.1)), champion(broken)])
      expect(judge(gate, { champion: rival, challenger: broken })).toEqual({
        promoted: false,
        reason: expect.stringContaining("a prediction is NaN"),
      });
  });

  it("refuses what cannot be compared", () => {
    const verdict = judge(gate, { champion: champion(null), challenger: sound(0.9) });
    expect(verdict).toEqual({ promoted: false, reason: expect.stringContaining("cannot be compared") });
  });

  it("promotes the first version, which has nobody to beat", () => {
    expect(judge(gate, { champion: null, challenger: sound(0.3) })).toEqual({
      promoted: true,
      reason: "accuracy 0.3; there was no champion",
    });
  });
});

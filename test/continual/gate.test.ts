import { describe, expect, it } from "vitest";
import { judge } from "../../src/continual/gate.js";

const gate = { alias: "champion", metric: "accuracy", mustNotDropBy: 0.02 };
const champion = (value: number) => ({ versionId: "version_1", value });

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
    {
      case: "any number against a champion that measures NaN",
      gate,
      champion: Number.NaN,
      challenger: 0.1,
      promoted: true,
    },
  ])("decides about $case: promoted $promoted", ({ gate, champion: value, challenger, promoted }) => {
    const verdict = judge(gate, { champion: champion(value), challenger });
    expect(verdict.promoted).toBe(promoted);
    expect(verdict.reason).toContain(gate.metric);
  });

  it("refuses what cannot be compared", () => {
    const verdict = judge(gate, { champion: { versionId: "version_1", value: null }, challenger: 0.9 });
    expect(verdict).toEqual({ promoted: false, reason: expect.stringContaining("cannot be compared") });
  });

  it("promotes the first version, which has nobody to beat", () => {
    expect(judge(gate, { champion: null, challenger: 0.3 })).toEqual({
      promoted: true,
      reason: "accuracy 0.3; there was no champion",
    });
  });
});

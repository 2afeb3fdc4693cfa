import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { transitions } from "../../src/runs/run-state.js";

describe("the run-state table of ARCHITECTURE.md", () => {
  it("is the one in the code", () => {
    const text = readFileSync(new URL("../../ARCHITECTURE.md", import.meta.url), "utf8");
    const section = text.slice(text.indexOf("### Run states"), text.indexOf("### Lease and fence"));
    const rows = [...section.matchAll(/^\| `([A-Z]+)` \|(.*)\|$/gm)];
    const documented = Object.fromEntries(
      rows.map(([, from, cell = ""]) => [from, [...cell.matchAll(/`([A-Z]+)`/g)].map((match) => match[1])]),
    );
    expect(documented).toEqual(transitions);
  });
});

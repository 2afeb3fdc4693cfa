import { expect, it } from "vitest";
import { rowLimits } from "../../src/datasets/row-limits.js";
import { partsOf } from "../../src/datasets/row-parts.js";

it("the parts of an append are not found out by time where it has too many rows", async () => {
  const split = { train: 0.8, validation: 0.1, test: 0.1, key: null, seed: 0, time: { feature: "at" } };
  const unused = () => Promise.reject(new Error("nothing should be read"));
  const options = {
    reader: {
      ...{ readRows: unused, partsOfSegment: unused, strataOfSegment: unused },
      ...{ timesOfSegment: unused, bordersOfAppend: unused },
    },
    store: { get: unused },
    ...{ features: [], split, check: () => {} },
    segments: [1, rowLimits.timedRows].map((rowCount, index) => ({
      ...{ key: `datasets/d/${index}`, sha256: "", rowCount, firstOrdinal: index, version: 1, versionId: "rows_1" },
    })),
  };
  await expect(partsOf(options, 0)).rejects.toMatchObject({
    code: "LIMIT_EXCEEDED",
    message: expect.stringContaining("Version 1 added 16,777,217 rows"),
  });
});

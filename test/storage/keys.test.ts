import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  artifactKey,
  assertKey,
  assertPrefix,
  checkpointKey,
  markerKey,
  prefixes,
  segmentKey,
} from "../../src/storage/keys.js";

const sha256 = "0123456789abcdef".repeat(4);
const run = "5f0c6a1e-0000-4000-8000-000000000001";

describe("object keys", () => {
  it.each([
    [segmentKey("iris", sha256, "u"), `datasets/iris/u-${sha256}.parquet`],
    [checkpointKey(run, 2, 300, sha256), `runs/${run}/2/300-${sha256}.safetensors`],
    [artifactKey(run, 2, "model.onnx", sha256), `runs/${run}/2/artifacts/${sha256}/model.onnx`],
    [markerKey("1-2"), "platform/1-2"],
    [prefixes.dataset("iris"), "datasets/iris/"],
    [prefixes.run(run), `runs/${run}/`],
    [prefixes.attempt(run, 2), `runs/${run}/2/`],
  ])("are spelt %s", (spelt, expected) => {
    expect(spelt).toBe(expected);
  });

  it("of two segments with the same rows differ", () => {
    expect(segmentKey("iris", sha256)).not.toBe(segmentKey("iris", sha256));
  });

  it("are valid, and so are their prefixes, whatever valid parts they are made of", () => {
    const part = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,40}$/);
    fc.assert(
      fc.property(part, part, fc.nat(), (id, name, number) => {
        const keys = [
          segmentKey(id, sha256),
          checkpointKey(id, number, number, sha256),
          artifactKey(id, number, name, sha256),
        ];
        for (const key of keys) {
          assertKey(key);
          for (let length = 0; length <= key.length; length++) {
            assertPrefix(key.slice(0, length));
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  it.each<[string, () => string]>([
    ["datasetId", () => segmentKey("../iris", sha256)],
    ["datasetId", () => segmentKey("", sha256)],
    ["sha256", () => segmentKey("iris", "ABC")],
    ["runId", () => checkpointKey("a/b", 1, 1, sha256)],
    ["attempt", () => checkpointKey(run, Number.NaN, 1, sha256)],
    ["step", () => checkpointKey(run, 1, Number.POSITIVE_INFINITY, sha256)],
    ["name", () => artifactKey(run, 1, "a/b", sha256)],
    ["name", () => artifactKey(run, 1, "..", sha256)],
    ["name", () => artifactKey(run, 1, "x".repeat(100_000), sha256)],
  ])("cannot be made of a wrong %s", (field, spell) => {
    expect(spell).toThrow(
      expect.objectContaining({
        code: "BAD_INPUT",
        message: expect.stringMatching(new RegExp(`^${field}: .{1,200}$`)),
      }),
    );
  });
});

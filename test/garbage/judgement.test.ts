import { describe, expect, it } from "vitest";
import { type Facts, judge } from "../../src/garbage/judgement.js";
import { artifactKey, checkpointKey, generationKey, markerKey, ownerOf, segmentKey } from "../../src/storage/keys.js";

const sha256 = "a".repeat(64);
const saved = checkpointKey("run_1", 2, 30, sha256);
const segment = segmentKey("dataset_1", sha256);
const nothing: Facts = { referenced: false, orphaned: false, pending: false, run: null };
const run = (attempt: number, held: boolean): Partial<Facts> => ({ run: { attempt, held } });

const cases: [string, string, Partial<Facts>, "KEEP" | "DELETE" | "UNKNOWN"][] = [
  ["a checkpoint with a row", saved, { referenced: true, ...run(2, true) }, "KEEP"],
  ["a checkpoint of an attempt that is long over, with a row", saved, { referenced: true, ...run(5, true) }, "KEEP"],
  ["what an attempt has written that holds its lease", saved, run(2, true), "KEEP"],
  ["what an attempt has written that lost its lease", saved, run(2, false), "DELETE"],
  ["what an attempt has written before the present one", saved, run(3, true), "DELETE"],
  [
    "a checkpoint that is no longer kept, while its attempt goes on",
    saved,
    { orphaned: true, ...run(2, true) },
    "DELETE",
  ],
  ["what an attempt has written that has never been", saved, run(1, true), "UNKNOWN"],
  ["what a run has written that has never been", saved, {}, "UNKNOWN"],
  [
    "an artifact without a row of an attempt that is over",
    artifactKey("run_1", 1, "model.onnx", sha256),
    run(1, false),
    "DELETE",
  ],
  ["a segment of a version", segment, { referenced: true }, "KEEP"],
  ["a segment that an append will refer to", segment, { pending: true }, "KEEP"],
  ["a segment whose note was taken away", segment, { orphaned: true }, "DELETE"],
  ["a segment that nobody has noted", segment, {}, "UNKNOWN"],
  ["the marker of the store", markerKey("x"), {}, "KEEP"],
  ["a mark of a generation", generationKey("x"), {}, "KEEP"],
  ["an object of somebody else", "backups/postgres.dump", {}, "KEEP"],
  ["an object that only begins like ours", "runs/run_1/notes.txt", {}, "KEEP"],
];

describe("garbage is what nothing refers to and nothing ever can:", () => {
  it.each(cases)("%s", (_, key, facts, verdict) => {
    expect(judge(ownerOf(key), { ...nothing, ...facts }).type).toBe(verdict);
  });
});

import { describe, expect, it } from "vitest";
import type { Keep } from "../../src/language/training/training.js";
import { droppedCheckpoints } from "../../src/runs/retention.js";

/** `attempt:step` or `attempt:step=measurement`, oldest first. */
type Shorthand = `${number}:${number}` | `${number}:${number}=${number}`;

const read = (text: Shorthand) => {
  const [place = "", measured] = text.split("=");
  const [attempt, step] = place.split(":").map(Number);
  return {
    id: place,
    attempt: attempt as number,
    step: step as number,
    monitored: measured === undefined ? null : Number(measured),
  };
};
const keep = (changes: Partial<Keep>): Keep => ({ latest: 1, best: 0, every: null, ...changes });

const cases: [string, Keep, "MIN" | "MAX" | undefined, Shorthand[], string[]][] = [
  ["the newest few", keep({ latest: 2 }), undefined, ["1:1", "1:2", "1:3"], ["1:2", "1:3"]],
  ["the newest, though nothing asks for it", keep({ latest: 0 }), undefined, ["1:1", "1:2"], ["1:2"]],
  ["all while there are few", keep({ latest: 5, best: 2 }), undefined, ["1:1", "1:2"], ["1:1", "1:2"]],
  ["none of none", keep({}), undefined, [], []],
  ["the one with the lowest loss", keep({ best: 1 }), undefined, ["1:1=3", "1:2=1", "1:3=2", "1:4=4"], ["1:2", "1:4"]],
  [
    "the ones with the highest score",
    keep({ best: 2 }),
    "MAX",
    ["1:1=3", "1:2=1", "1:3=2", "1:4=0"],
    ["1:1", "1:3", "1:4"],
  ],
  ["the earlier of two that are as good", keep({ best: 1 }), "MIN", ["1:1=1", "1:2=1", "1:3=2"], ["1:1", "1:3"]],
  [
    "no checkpoint within an epoch as one of the best",
    keep({ best: 2 }),
    "MIN",
    ["1:1", "1:2=9", "1:3", "1:4"],
    ["1:2", "1:4"],
  ],
  ["every few steps", keep({ every: 10 }), undefined, ["1:10", "1:15", "1:20", "1:25"], ["1:10", "1:20", "1:25"]],
  [
    "the union",
    keep({ latest: 2, best: 1, every: 4 }),
    "MIN",
    ["1:1=1", "1:2=2", "1:3=3", "1:4=4", "1:5=5", "1:6=6"],
    ["1:1", "1:4", "1:5", "1:6"],
  ],
  [
    "what a later attempt wrote, though it stands at an earlier step",
    keep({}),
    undefined,
    ["1:50", "1:100", "2:75"],
    ["2:75"],
  ],
  [
    "of one step the later attempt's",
    keep({ latest: 3, every: 5 }),
    undefined,
    ["1:5", "1:10", "2:10", "2:15"],
    ["1:5", "2:10", "2:15"],
  ],
];

describe("of checkpoints", () => {
  it.each(cases)("%s stays", (_, policy, mode, given, kept) => {
    const dropped = droppedCheckpoints(given.map(read), policy, mode);
    expect(given.map((text) => text.split("=")[0]).filter((id) => !dropped.includes(id as string))).toEqual(kept);
    // Whatever order the rows come in.
    expect(droppedCheckpoints(given.map(read).reverse(), policy, mode).sort()).toEqual([...dropped].sort());
  });
});

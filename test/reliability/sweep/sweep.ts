import { expect } from "vitest";
import { type Failpoint, failpoints } from "../../../src/failpoint.js";
import { falseStarts, type History, readHistory } from "./history.js";
import { type MortalPlatform, startMortalPlatform } from "./platform.js";
import { liveThrough } from "./story.js";

/** Two cores. */
const lanes = 2;

/** What an undisturbed platform comes to, and how often it passes each failpoint on the way. */
export interface Calm {
  history: History;
  counts: Map<Failpoint, number>;
}

/** What a platform is put through. */
export type Story = (platform: MortalPlatform) => Promise<void>;

/** Lives through a story undisturbed. */
export async function liveCalmly(platform: MortalPlatform, story: Story = liveThrough): Promise<Calm> {
  platform.arm("");
  await story(platform);
  const counts = countsOf(platform);
  return { history: await readHistory(platform), counts };
}

export function countsOf(platform: MortalPlatform): Map<Failpoint, number> {
  const counts = new Map<Failpoint, number>();
  for (const { name } of platform.passages()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/**
 * Lives through the story while processes fail as said, and compares with the calm. Answers how many of the failures came
 * about.
 *
 * @param failures `<name>:<n>`, several separated by commas; undefined: those that the platform was started with.
 */
export async function compare(
  platform: MortalPlatform,
  failures: string | undefined,
  calm: Calm,
  story: Story = liveThrough,
): Promise<number> {
  if (failures !== undefined) {
    await platform.clear();
    platform.arm(failures);
  }
  await story(platform);
  const history = await readHistory(platform);
  expect(await falseStarts(platform), failures).toEqual([]);
  expect({ failures, ...history }).toEqual({ failures, ...calm.history });
  const counts = countsOf(platform);
  const total = platform.passages().length;
  const came = (failure: string) => {
    const [name = "", passage] = failure.split(":");
    return (name === "*" ? total : (counts.get(name as Failpoint) ?? 0)) >= Number(passage);
  };
  return (failures ?? "").split(",").filter(came).length;
}

/** What a sweep came to. */
export interface Swept {
  calm: Calm;
  /** Failures that came about. */
  killed: number;
  /** Stories whose failures did not all come about. */
  missed: number;
  /** How each story that ended otherwise differs. */
  differences: string[];
}

/**
 * Lives through a story once for each of the failures, on a few platforms side by side.
 *
 * @param failuresOf from what happens undisturbed; it is asked for the next one when a platform has done its last.
 * @param leaseSeconds longer for a story in which each attempt counts.
 */
export async function sweep(
  failuresOf: (calm: Calm, swept: Swept) => Iterable<string>,
  story: Story = liveThrough,
  leaseSeconds?: number,
): Promise<Swept> {
  const start = () => startMortalPlatform("", leaseSeconds);
  const platforms = await Promise.all(Array.from({ length: lanes }, start));
  try {
    const [calm, ...others] = (await Promise.all(platforms.map((platform) => liveCalmly(platform, story)))) as [
      Calm,
      ...Calm[],
    ];
    for (const { history } of others) expect(history).toEqual(calm.history);
    const swept: Swept = { calm, killed: 0, missed: 0, differences: [] };
    const queue = failuresOf(calm, swept)[Symbol.iterator]();
    const lane = async (platform: MortalPlatform) => {
      for (let next = queue.next(); !next.done; next = queue.next()) {
        try {
          const came = await compare(platform, next.value, calm, story);
          swept.killed += came;
          swept.missed += came < next.value.split(",").length ? 1 : 0;
        } catch (error) {
          swept.differences.push(
            `${next.value}: ${(error as Error).message}\n${(error as { diff?: string }).diff ?? ""}`,
          );
        }
      }
    };
    await Promise.all(platforms.map(lane));
    return swept;
  } finally {
    await Promise.all(platforms.map((platform) => platform.close()));
  }
}

/** Failpoints that the undisturbed life of a model does not pass, each behind a death that leads there. */
export const afterADeath: Partial<Record<Failpoint, string>> = {
  resume: "version.register:1",
  fault: "step:14",
  reap: "version.register:1",
};

/** Failpoints that are swept in the story of interruptions. */
export const interruptions: readonly Failpoint[] = ["give.back"];

/** Every failpoint is swept: in a model's life, behind a death there, or in the story of interruptions. */
export const unswept = (calm: Calm): string[] =>
  (Object.keys(failpoints) as Failpoint[]).filter(
    (name) => !calm.counts.has(name) && !(name in afterADeath) && !interruptions.includes(name),
  );

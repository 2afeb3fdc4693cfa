import { expect, test } from "vitest";
import { pacedHint } from "../../src/pubsub/hints.js";

const soon = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("the first hint leaves at once, those that follow fast leave together, and the last change is always told", async () => {
  const sent: number[] = [];
  let changes = 0;
  const hint = pacedHint(async () => void sent.push(changes), 50);
  const started = performance.now();
  for (; changes < 20; ) {
    changes += 1;
    hint();
    if (changes === 1) expect(sent).toEqual([1]);
    await soon(5);
  }
  await soon(120);
  expect(sent.at(-1)).toBe(20);
  expect(sent.length).toBeLessThanOrEqual(2 + (performance.now() - started) / 50);
  const quiet = sent.length;
  await soon(100);
  expect(sent).toHaveLength(quiet);
});

test("a hint that fails is lost, and the next one leaves all the same", async () => {
  let asked = 0;
  const hint = pacedHint(async () => {
    asked += 1;
    throw new Error("the database is away");
  }, 5);
  hint();
  await soon(30);
  hint();
  expect(asked).toBe(2);
});

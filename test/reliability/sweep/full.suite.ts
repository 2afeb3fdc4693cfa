import { expect, it } from "vitest";
import { startMortalPlatform } from "./platform.js";
import { afterADeath, compare, liveCalmly, sweep } from "./sweep.js";

it("a platform of which a process is killed at any passage of any failpoint ends as if left alone", async () => {
  let swept = 0;
  const { calm, killed, differences } = await sweep(function* (_, progress) {
    for (let n = 1; progress.missed === 0; n++) {
      swept = n;
      if (n % 20 === 0) console.log(`${n - 1} deaths, ${progress.differences.length} differences`);
      yield `*:${n}`;
    }
    for (const [name, death] of Object.entries(afterADeath)) yield `${death},${name}:1`;
  });
  const passages = [...calm.counts.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${passages} passages undisturbed; swept until none fired, n = ${swept}; ${killed} deaths`);
  expect(differences).toEqual([]);
  expect(killed).toBeGreaterThanOrEqual(passages * 0.8);
});

it("a platform that is killed at any passage of its first start comes up and ends as if left alone", async () => {
  const undisturbed = await startMortalPlatform();
  const calm = await liveCalmly(undisturbed).finally(() => undisturbed.close());
  for (let n = 1; n <= 8; n++) {
    const platform = await startMortalPlatform(`*:${n}`);
    try {
      await compare(platform, undefined, calm);
      console.log(`n = ${n}: ${platform.deaths} deaths`);
    } finally {
      await platform.close();
    }
  }
});

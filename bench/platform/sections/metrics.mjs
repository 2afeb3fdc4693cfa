import { metricHistory } from "../../../dist/runs/metric-history.js";
import { median } from "../../engine/statistics.mjs";
import { openWriter, points } from "../claimed-run.mjs";

export const title = "Metrics: how fast points are kept, and a long history read";

const batchSize = 5_000;
const stored = 200_000;
const rounds = 15;

/** @param context see bench/platform/run.mjs */
export async function run({ databaseUrl, log }) {
  const writer = await openWriter(await databaseUrl());
  try {
    const [small, large, curve] = [await writer.startRun(), await writer.startRun(), await writer.startRun()];
    const fill = async (run, count) => {
      for (let first = 1; first <= count; first += batchSize) await run.append(points(first, first + batchSize - 1));
    };
    await fill(small, 10_000);
    const started = performance.now();
    await fill(large, stored);
    const perSecond = stored / ((performance.now() - started) / 1_000);
    log(`${stored.toLocaleString("en-US")} points in batches of ${batchSize}, each committed before the next`);

    const again = { small: [], large: [] };
    for (let round = 0; round < rounds; round++)
      for (const [name, run, count] of [
        ["small", small, 10_000],
        ["large", large, stored],
      ]) {
        const batch = points(count - batchSize + 1, count);
        const asked = performance.now();
        await run.append(batch);
        again[name].push(performance.now() - asked);
      }
    const ratio = median(again.large) / median(again.small);
    log(
      `a batch again: ${median(again.small).toFixed(2)} ms at 10,000 stored, ${median(again.large).toFixed(2)} ms at 200,000`,
    );

    await fill(curve, 100_000);
    const times = [];
    for (let round = 0; round < rounds; round++) {
      const asked = performance.now();
      const [series] = (await metricHistory(writer.db, [curve.runId], null, 1_000)).get(curve.runId);
      times.push(performance.now() - asked);
      if (series.points.length > 1_000 || series.points.at(-1).step !== 100_000) throw new Error("a wrong history");
    }
    return [
      { name: "points stored", value: perSecond, unit: "a second", goal: ">= 50,000", holds: perSecond >= 50_000 },
      {
        name: "a retried batch at 200,000 points, against one at 10,000",
        ...{ value: ratio, unit: "times", goal: "<= 1.2", holds: ratio <= 1.2 },
      },
      {
        name: "history of 100,000 points as 1,000, median",
        ...{ value: median(times), unit: "ms", goal: "<= 100", holds: median(times) <= 100 },
      },
    ];
  } finally {
    await writer.close();
  }
}

import type { DataSource } from "typeorm";
import type { MetricPoint } from "../language/metrics/metrics.js";
import { type Curve, downsample } from "./downsample.js";

export interface MetricSeries {
  name: string;
  points: { step: number; epoch: number; value: number }[];
}

/** Rows of which one statement reads numbers and values; twelve bytes each. */
const rowsPerRead = 1_000_000;

/**
 * The history of some metrics, each with at most `maxPoints` points: of every bucket its first minimum, its first maximum and
 * its last point, in order, so that no spike and not the end of the curve gets lost. Names without points are left out. Of
 * a run that was rewound, what was measured before behind the step it went back to is left out.
 */
export async function metricHistory(
  db: DataSource,
  runIds: readonly string[],
  names: string[] | null,
  maxPoints: number,
): Promise<Map<string, MetricSeries[]>> {
  const series = await readCurves(db, runIds, names);
  const chosen = series.flatMap(({ runId, curve }) =>
    downsample(curve, maxPoints).map((index) => ({ runId, seq: curve.seqs[index] as number })),
  );
  const histories = new Map<string, MetricSeries[]>(runIds.map((id) => [id, []]));
  const byName = new Map<string, Map<string, MetricSeries>>(runIds.map((id) => [id, new Map()]));
  for (const { runId, name, step, epoch, value } of await readChosen(db, chosen)) {
    const known = byName.get(runId) as Map<string, MetricSeries>;
    let metric = known.get(name);
    if (!metric) {
      metric = { name, points: [] };
      known.set(name, metric);
      histories.get(runId)?.push(metric);
    }
    metric.points.push({ step, epoch, value });
  }
  // In the order asked for, so that a legend does not change between two looks.
  const place = new Map(names?.map((name, index) => [name, index]));
  const order = (a: MetricSeries, b: MetricSeries) =>
    names ? (place.get(a.name) as number) - (place.get(b.name) as number) : a.name < b.name ? -1 : 1;
  for (const history of histories.values()) history.sort(order);
  return histories;
}

/**
 * The points of a run behind `from`, up to and with `to`, thinned to at most `maxPoints` in all: of every metric the extremes
 * and the end of each bucket, in order. Null where there are more metrics than that.
 */
export async function thinnedMetrics(
  db: DataSource,
  runId: string,
  { from, to, maxPoints }: { from: number; to: number; maxPoints: number },
): Promise<MetricPoint[] | null> {
  const series = await readSeries(db, [runId], null, { from, to, rewound: false });
  if (series.length > maxPoints) return null;
  const each = Math.floor(maxPoints / Math.max(series.length, 1));
  const chosen = series.flatMap(({ curve }) =>
    downsample(curve, each).map((index) => ({ runId, seq: curve.seqs[index] as number })),
  );
  const points = await readChosen(db, chosen);
  return points
    .map(({ seq, name, step, epoch, value }) => ({ seq, name, step, epoch, value }))
    .sort((a, b) => a.seq - b.seq);
}

interface Series {
  runId: string;
  name: string;
  curve: Curve;
}

/** Every curve of the runs: in one read where they are not unusually long, else in as many as memory wants. */
async function readCurves(db: DataSource, runIds: readonly string[], names: string[] | null): Promise<Series[]> {
  const runs = await db.query<{ id: string; head: number; rewound: boolean }[]>(
    `SELECT id, metric_head AS head, EXISTS (SELECT FROM run_rewind WHERE run_id = run.id) AS rewound
     FROM run WHERE id = ANY($1) ORDER BY id`,
    [runIds],
  );
  const found: Series[] = [];
  let together: typeof runs = [];
  const read = async (from = 0, to = 2 ** 31 - 1) => {
    const ids = together.map(({ id }) => id);
    const rewound = together.some((run) => run.rewound);
    if (ids.length > 0) found.push(...(await readSeries(db, ids, names, { from, to, rewound })));
  };
  for (const run of runs) {
    if (together.reduce((sum, { head }) => sum + head, run.head) > rowsPerRead) {
      await read();
      together = [];
    }
    together.push(run);
    if (run.head <= rowsPerRead) continue;
    for (let from = 0; from < run.head; from += rowsPerRead) await read(from, from + rowsPerRead);
    together = [];
  }
  await read();
  return joined(found);
}

/** Parts of one curve that were read one after the other become one. */
function joined(parts: readonly Series[]): Series[] {
  const whole = new Map<string, Series>();
  for (const part of parts) {
    const key = `${part.runId} ${part.name}`;
    const before = whole.get(key);
    whole.set(key, before ? { ...part, curve: concatenate(before.curve, part.curve) } : part);
  }
  return [...whole.values()];
}

function concatenate(a: Curve, b: Curve): Curve {
  const seqs = new Int32Array(a.seqs.length + b.seqs.length);
  const values = new Float64Array(seqs.length);
  seqs.set(a.seqs);
  seqs.set(b.seqs, a.seqs.length);
  values.set(a.values);
  values.set(b.values, a.seqs.length);
  return { seqs, values };
}

const notRewound = `AND NOT EXISTS (
  SELECT FROM run_rewind rewind
  WHERE rewind.run_id = run_metric.run_id AND run_metric.seq < rewind.seq AND run_metric.step > rewind.to_step)`;

/** So many curves are read one by one, which is faster than grouping while they are few. */
const fewCurves = 64;

/** The curves that runs have: each is found in the index behind the one before it, however many points lie between them. */
const selectCurves = `
  WITH RECURSIVE named (run_id, name) AS (
    SELECT id, (SELECT name FROM run_metric WHERE run_id = id ORDER BY name LIMIT 1) FROM unnest($1::text[]) AS id
    UNION ALL
    SELECT run_id, (
      SELECT point.name FROM run_metric point
      WHERE point.run_id = named.run_id AND point.name > named.name ORDER BY point.name LIMIT 1)
    FROM named WHERE name IS NOT NULL)
  SELECT run_id, name FROM named WHERE name IS NOT NULL LIMIT $2`;

const bytes = "string_agg(int4send(seq), ''::bytea) AS seqs, string_agg(float8send(value), ''::bytea) AS values";

/**
 * Numbers and values alone, as bytes: of 100,000 points Postgres writes and `pg` reads them in 45 ms. As rows they take 200 ms,
 * and choosing among them in SQL, whose windows sort them once for each extreme, 600 ms.
 *
 * Nothing is sorted, whatever the planner believes: its statistics may be of a time when runs had few points, and then it
 * would sort those of a run for each of its names. Points come in the order of their numbers, or mostly so.
 */
async function readSeries(
  db: DataSource,
  runIds: readonly string[],
  names: string[] | null,
  { from, to, rewound }: { from: number; to: number; rewound: boolean },
): Promise<Series[]> {
  const within = `seq > $1 AND seq <= $2 ${rewound ? notRewound : ""}`;
  const rows = await db.transaction(async (manager) => {
    await manager.query(
      "SELECT set_config('enable_sort', 'off', true), set_config('max_parallel_workers_per_gather', '0', true)",
    );
    const curves = names
      ? runIds.flatMap((run_id) => [...new Set(names)].map((name) => ({ run_id, name })))
      : await manager.query<{ run_id: string; name: string }[]>(selectCurves, [runIds, fewCurves + 1]);
    const [statement, parameters]: [string, unknown[]] =
      curves.length <= fewCurves
        ? [
            `SELECT run_id, name, seqs, values FROM unnest($3::text[], $4::text[]) AS named (run_id, name), LATERAL (
               SELECT ${bytes} FROM (
                 SELECT seq, value FROM run_metric
                 WHERE run_metric.run_id = named.run_id AND run_metric.name = named.name AND ${within} ORDER BY seq) ordered) curve
             WHERE seqs IS NOT NULL`,
            [curves.map(({ run_id }) => run_id), curves.map(({ name }) => name)],
          ]
        : [
            `SELECT run_id, name, ${bytes} FROM run_metric
             WHERE run_id = ANY($3) AND ($4::text[] IS NULL OR name = ANY($4)) AND ${within} GROUP BY run_id, name`,
            [runIds, names],
          ];
    return manager.query<{ run_id: string; name: string; seqs: Buffer; values: Buffer }[]>(statement, [
      ...[from, to],
      ...parameters,
    ]);
  });
  return rows.map(({ run_id, name, seqs, values }) => {
    const curve: Curve = { seqs: new Int32Array(seqs.length / 4), values: new Float64Array(values.length / 8) };
    for (let index = 0; index < curve.seqs.length; index++) {
      curve.seqs[index] = seqs.readInt32BE(index * 4);
      curve.values[index] = values.readDoubleBE(index * 8);
    }
    return { runId: run_id, name, curve: inOrder(curve) };
  });
}

function inOrder(curve: Curve): Curve {
  const { seqs, values } = curve;
  if (seqs.every((seq, index) => index === 0 || seq > (seqs[index - 1] as number))) return curve;
  // Number and place in one double, exactly: sorting doubles takes no comparison function. A read has fewer than 2^21 rows.
  const places = Float64Array.from(seqs, (seq, index) => seq * 2 ** 21 + index).sort();
  const order = Int32Array.from(places, (place) => place % 2 ** 21);
  return {
    seqs: order.map((index) => seqs[index] as number),
    values: Float64Array.from(order, (index) => values[index] as number),
  };
}

/** The points chosen, in the order of their numbers within each run. */
async function readChosen(
  db: DataSource,
  chosen: readonly { runId: string; seq: number }[],
): Promise<({ runId: string } & MetricPoint)[]> {
  if (chosen.length === 0) return [];
  return db.query(
    `SELECT run_id AS "runId", seq, name, step, epoch, value
     FROM unnest($1::text[], $2::int[]) AS chosen (run_id, seq) JOIN run_metric USING (run_id, seq) ORDER BY run_id, seq`,
    [chosen.map(({ runId }) => runId), chosen.map(({ seq }) => seq)],
  );
}

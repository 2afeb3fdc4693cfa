import type { EntityManager } from "typeorm";
import type { SegmentProfile } from "../intake/profile.js";
import type { Problem } from "../language/fields/problem.js";
import { conspicuous, type Facts } from "../profile/facts.js";
import { sketchFormat } from "../profile/stored-sketch.js";

/** Stores what is known of the values of a segment, which `dataset_segment` has already. */
export async function storeProfile(manager: EntityManager, key: string, profile: SegmentProfile): Promise<void> {
  await manager.query(
    `INSERT INTO segment_profile (key, format, facts, sketch) VALUES ($1, $2, $3, $4)
     ON CONFLICT (key) DO UPDATE SET format = excluded.format, facts = excluded.facts, sketch = excluded.sketch`,
    [key, sketchFormat, JSON.stringify(profile.facts), Buffer.from(profile.sketch)],
  );
}

/** Appends that new rows are compared with. */
const comparedAppends = 20;

/** What is conspicuous about a version's added rows, compared with those of the appends before it. */
export async function flagsOf(manager: EntityManager, datasetId: string, number: number): Promise<Problem[]> {
  const rows = await manager.query<{ number: number; facts: Facts }[]>(
    `SELECT version.number, profile.facts
     FROM dataset_version AS version
     JOIN dataset_segment AS segment ON segment.dataset_version_id = version.id
     JOIN segment_profile AS profile ON profile.key = segment.key
     WHERE version.dataset_id = $1 AND version.number BETWEEN $2 - $3::int AND $2`,
    [datasetId, number, comparedAppends],
  );
  const of = (isAdded: boolean) => rows.filter((row) => (row.number === number) === isAdded).map(({ facts }) => facts);
  return conspicuous(of(false), of(true));
}

import type { DataSource } from "typeorm";

/** A well-formed id that says what it is: `id("run", 3)` is `run_00000000-0000-0000-0000-000000000003`. */
export function id(prefix: string, number: number): string {
  return `${prefix}_00000000-0000-0000-0000-${String(number).padStart(12, "0")}`;
}

/** SQL for `id(prefix, <expression>)`. */
const idOf = (prefix: string, number = "i") =>
  `('${prefix}_00000000-0000-0000-0000-' || lpad((${number})::text, 12, '0'))`;

/**
 * `count` of everything that can be listed at the root, each with one of everything that it can have: model i learns from
 * dataset i, run i trains model i with optimizer i for policy i on worker i and made version i, which alias `champion` of
 * model i points to.
 *
 * Rows are created three to an instant, and instants are a microsecond apart: neighbours in a list share their
 * `createdAt`, or differ in digits that a JavaScript date does not have.
 */
export async function seed(db: DataSource, count: number, from = 1): Promise<void> {
  const created = "timestamptz '2026-01-01 12:00:00.123Z' + (i / 3) * interval '1 microsecond'";
  const digest = "'sha256:' || i";
  const insert = (table: string, columns: string, values: string) =>
    db.query(`INSERT INTO ${table} (${columns}) SELECT ${values} FROM generate_series(${from}, ${from + count - 1}) i`);

  await insert(
    "dataset",
    "id, name, description, features, split, digest, created_at",
    `${idOf("dataset")}, 'dataset-' || i, '', '[{"name":"x","type":"NUMBER","description":"","categories":[],"shape":[]}]',
     '{"train":0.8,"validation":0.1,"test":0.1,"key":null,"seed":0}', ${digest}, ${created}`,
  );
  await insert(
    "dataset_version",
    "id, dataset_id, number, row_count, added_row_count, split_counts, digest, created_at",
    `${idOf("rows")}, ${idOf("dataset")}, 1, 10, 10, '{"train":8,"validation":1,"test":1}', ${digest}, ${created}`,
  );
  await insert(
    "dataset_segment",
    "dataset_version_id, place, key, sha256, size_bytes, row_count",
    `${idOf("rows")}, 0, 'seeded/segment-' || i, '', 5, 10`,
  );
  await insert(
    "model",
    "id, name, description, dataset_id, created_at",
    `${idOf("model")}, 'model-' || i, '', ${idOf("dataset")}, ${created}`,
  );
  await insert(
    "model_revision",
    "id, model_id, number, digest, spec, parameter_count, created_at",
    `${idOf("modelrev")}, ${idOf("model")}, 1, ${digest}, '{"layers":[]}', 100 + i, ${created}`,
  );
  await insert(
    "optimizer",
    "id, name, description, created_at",
    `${idOf("optimizer")}, 'optimizer-' || i, '', ${created}`,
  );
  await insert(
    "optimizer_revision",
    "id, optimizer_id, number, digest, spec, created_at",
    `${idOf("optrev")}, ${idOf("optimizer")}, 1, ${digest}, '{}', ${created}`,
  );
  await insert(
    "retraining",
    "id, name, description, model_id, enabled, created_at",
    `${idOf("retraining")}, 'policy-' || i, '', ${idOf("model")}, i % 2 = 0, ${created}`,
  );
  await insert(
    "retraining_revision",
    "id, retraining_id, number, digest, spec, created_at",
    `${idOf("retrainrev")}, ${idOf("retraining")}, 1, ${digest}, '{}', ${created}`,
  );
  await insert(
    "worker",
    "id, host, pid, slots, devices",
    `${idOf("worker")}, 'host-' || i, i, 1,
     '[{"kind":"CPU","name":"CPU","memoryBytes":17179869184,"slots":1,"provider":"cpu","uuid":null}]'`,
  );
  await insert(
    "run",
    `id, state, model_id, model_revision_id, optimizer_revision_id, dataset_version_id, retraining_id, gate, spec, attempt,
     worker_id, progress, created_at, updated_at`,
    `${idOf("run")}, 'RUNNING', ${idOf("model")}, ${idOf("modelrev")}, ${idOf("optrev")}, ${idOf("rows")},
     ${idOf("retraining")}, '{"alias":"champion","metric":"accuracy","mustNotDropBy":0.02}', '{"epochs":1}', 1,
     ${idOf("worker")}, '{"epoch":1,"epochs":1,"step":2,"steps":2}', ${created}, ${created}`,
  );
  await insert(
    "run_event",
    "run_id, seq, kind, from_state, to_state, attempt, message",
    `${idOf("run")}, 1, 'STATE_CHANGED', NULL, 'QUEUED', 0, 'queued'`,
  );
  await insert("run_metric", "run_id, seq, name, step, epoch, value", `${idOf("run")}, 1, 'loss', 1, 1, 0.5`);
  await insert(
    "checkpoint",
    "id, run_id, attempt, step, epoch, object_key, size_bytes, digest",
    `${idOf("checkpoint")}, ${idOf("run")}, 1, 2, 1, 'seeded/checkpoint-' || i, 7, ${digest}`,
  );
  await insert(
    "model_version",
    `id, model_id, model_name, number, run_id, model_revision_id, digest, signature, preprocessing, created_at`,
    `${idOf("version")}, ${idOf("model")}, 'model-' || i, 1, ${idOf("run")}, ${idOf("modelrev")}, ${digest},
     '{"inputs":[{"name":"x","type":"NUMBER","shape":[],"categories":[]}],
       "output":{"name":"y","type":"NUMBER","shape":[],"categories":[]}}', '{}', ${created}`,
  );
  await insert("evaluation", "version_id, split, name, value", `${idOf("version")}, 'test', 'accuracy', i / 100.0`);
  await insert(
    "artifact",
    "version_id, name, object_key, size_bytes, digest",
    `${idOf("version")}, 'weights.safetensors', 'seeded/artifact-' || i, 9, ${digest}`,
  );
  await insert("version_tag", "version_id, key, value", `${idOf("version")}, 'team', 'team-' || i % 3`);
  await insert("alias", "model_id, name, version_id", `${idOf("model")}, 'champion', ${idOf("version")}`);
  await insert(
    "alias_move",
    "model_id, name, seq, to_version_id, reason",
    `${idOf("model")}, 'champion', 1, ${idOf("version")}, 'set by hand'`,
  );
  await db.query("UPDATE run SET parent_version_id = 'version' || substr(id, 4), retry_of_id = id");
}

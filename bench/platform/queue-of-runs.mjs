// Runs to schedule, for sections that measure the scheduler alone: one model, one dataset version, as many queued runs as asked for.

/** @param {import("pg").Client} client of an empty, migrated database. */
export async function declareOnce(client) {
  await client.query(`
    INSERT INTO dataset (id, name, description, features, split, digest) VALUES ('dataset_b', 'bench', '', '[]', '{}', '');
    INSERT INTO dataset_version (id, dataset_id, number, row_count, added_row_count, split_counts, digest, segment_key, segment_sha256, segment_size_bytes)
      VALUES ('rows_b', 'dataset_b', 1, 1, 1, '{"train":1,"validation":0,"test":0}', '', 'k', '', 1);
    INSERT INTO model (id, name, description, dataset_id) VALUES ('model_b', 'bench', '', 'dataset_b');
    INSERT INTO model_revision (id, model_id, number, digest, spec, parameter_count) VALUES ('modelrev_b', 'model_b', 1, '', '{}', 1);
    INSERT INTO optimizer (id, name, description) VALUES ('optimizer_b', 'bench', '');
    INSERT INTO optimizer_revision (id, optimizer_id, number, digest, spec) VALUES ('optrev_b', 'optimizer_b', 1, '', '{}');`);
}

/**
 * Queues runs of three priorities, five projects, one to four threads and several sizes, as an evening's sweep might.
 *
 * @param {import("pg").Client} client
 * @param {{count: number, mixed?: boolean}} options mixed: false for runs that are all alike.
 */
export async function queueRuns(client, { count, mixed = true }) {
  await client.query(
    `INSERT INTO run (id, state, model_id, model_revision_id, optimizer_revision_id, dataset_version_id, spec, progress, event_head,
                      priority, project, memory_bytes, created_at)
     SELECT 'run_' || gen_random_uuid(), 'QUEUED', 'model_b', 'modelrev_b', 'optrev_b', 'rows_b',
            jsonb_build_object('epochs', 1, 'threads', CASE WHEN $2 THEN 1 + i % 4 ELSE 1 END, 'device', CASE WHEN $2 AND i % 3 = 0 THEN 'CPU' ELSE 'ANY' END),
            '{"epoch":0,"epochs":1,"step":0,"steps":0}', 1,
            CASE WHEN $2 THEN 41 + i % 3 ELSE 42 END, CASE WHEN $2 THEN 'project-' || i % 5 ELSE 'default' END,
            CASE WHEN $2 THEN (i % 7) * 100000000 ELSE 0 END, clock_timestamp() + i * interval '1 microsecond'
     FROM generate_series(1, $1) i`,
    [count, mixed],
  );
}

-- Files that versions of datasets are written into, for download.
CREATE TABLE dataset_export (
  id text CONSTRAINT dataset_export_pkey PRIMARY KEY,
  dataset_version_id text NOT NULL CONSTRAINT dataset_export_version_fkey REFERENCES dataset_version,
  format text NOT NULL CONSTRAINT dataset_export_format_check CHECK (format IN ('PARQUET', 'CSV', 'NDJSON')),
  state text NOT NULL CONSTRAINT dataset_export_state_check
    CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED')),
  -- Counts how often it was started: what an earlier start writes is refused.
  fence int NOT NULL DEFAULT 0,
  lease_expires_at timestamptz,
  progress jsonb NOT NULL DEFAULT '{"rows": 0, "bytes": 0}',
  warnings jsonb NOT NULL DEFAULT '[]',
  error text,
  -- The file; null before it is written, and once it is given up.
  object_key text COLLATE "C",
  size_bytes bigint,
  sha256 text,
  -- Until when the file is kept; null before it is written, and once it is given up.
  kept_until timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  finished_at timestamptz,
  actor text NOT NULL DEFAULT current_actor()
);
CREATE INDEX dataset_export_created_at_idx ON dataset_export (created_at, id);
CREATE INDEX dataset_export_version_idx ON dataset_export (dataset_version_id);
CREATE INDEX dataset_export_due_idx ON dataset_export (created_at) WHERE state IN ('QUEUED', 'RUNNING');
CREATE INDEX dataset_export_object_key_idx ON dataset_export (object_key) WHERE object_key IS NOT NULL;
CREATE INDEX dataset_export_kept_until_idx ON dataset_export (kept_until) WHERE kept_until IS NOT NULL;

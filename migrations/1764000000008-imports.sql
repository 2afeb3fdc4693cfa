-- Files that users put under signed URLs, and imports of them into datasets.

CREATE TABLE upload (
  id text CONSTRAINT upload_pkey PRIMARY KEY,
  file_name text NOT NULL,
  -- What the signature of its URL is made with.
  secret text NOT NULL,
  expires_at timestamptz NOT NULL,
  -- Until when its bytes are kept; null once they are given up.
  kept_until timestamptz,
  -- The bytes that were put last; null before the first.
  object_key text COLLATE "C",
  size_bytes bigint,
  sha256 text,
  -- Since when no other bytes are taken.
  pinned_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  actor text NOT NULL DEFAULT current_actor()
);
CREATE INDEX upload_object_key_idx ON upload (object_key) WHERE object_key IS NOT NULL;
CREATE INDEX upload_kept_until_idx ON upload (kept_until) WHERE kept_until IS NOT NULL;

CREATE TABLE import (
  id text CONSTRAINT import_pkey PRIMARY KEY,
  dataset_id text NOT NULL CONSTRAINT import_dataset_fkey REFERENCES dataset,
  upload_id text NOT NULL CONSTRAINT import_upload_fkey REFERENCES upload,
  state text NOT NULL CONSTRAINT import_state_check
    CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED')),
  on_invalid text NOT NULL,
  options jsonb NOT NULL,
  -- Counts how often it was started: what an earlier start writes is refused.
  fence int NOT NULL DEFAULT 0,
  lease_expires_at timestamptz,
  progress jsonb NOT NULL DEFAULT '{"rows": 0, "bytes": 0}',
  skipped_rows bigint NOT NULL DEFAULT 0,
  problems jsonb NOT NULL DEFAULT '[]',
  warnings jsonb NOT NULL DEFAULT '[]',
  version_id text CONSTRAINT import_version_fkey REFERENCES dataset_version,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  finished_at timestamptz,
  actor text NOT NULL DEFAULT current_actor()
);
CREATE INDEX import_created_at_idx ON import (created_at, id);
CREATE INDEX import_dataset_idx ON import (dataset_id);
CREATE INDEX import_upload_idx ON import (upload_id);
CREATE INDEX import_due_idx ON import (created_at) WHERE state IN ('QUEUED', 'RUNNING');

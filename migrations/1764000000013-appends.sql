-- Loads in parts: each part is a stored segment, and all parts become one dataset version together.
CREATE TABLE dataset_append (
  id text CONSTRAINT dataset_append_pkey PRIMARY KEY,
  dataset_id text NOT NULL CONSTRAINT dataset_append_dataset_fkey REFERENCES dataset,
  -- OPEN, COMMITTED, ABORTED or EXPIRED.
  state text NOT NULL DEFAULT 'OPEN',
  row_count int NOT NULL DEFAULT 0,
  part_count int NOT NULL DEFAULT 0,
  version_id text CONSTRAINT dataset_append_version_fkey REFERENCES dataset_version,
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  actor text NOT NULL DEFAULT current_actor()
);
CREATE INDEX dataset_append_open_idx ON dataset_append (dataset_id, expires_at) WHERE state = 'OPEN';
CREATE INDEX dataset_append_expiry_idx ON dataset_append (expires_at) WHERE state = 'OPEN';

-- The parts of open appends. A commit moves them to dataset_segment; an abort makes their objects garbage.
CREATE TABLE append_segment (
  append_id text NOT NULL CONSTRAINT append_segment_append_fkey REFERENCES dataset_append,
  place int NOT NULL,
  key text COLLATE "C" NOT NULL CONSTRAINT append_segment_key_key UNIQUE,
  -- What is known of the segment besides its key. Not jsonb: texts may have NUL characters.
  segment json NOT NULL,
  CONSTRAINT append_segment_pkey PRIMARY KEY (append_id, place)
);

-- The rows that an append added lie in one or more segments, in the order of `place`.
CREATE TABLE dataset_segment (
  dataset_version_id text NOT NULL CONSTRAINT dataset_segment_version_fkey REFERENCES dataset_version,
  place int NOT NULL,
  key text COLLATE "C" NOT NULL CONSTRAINT dataset_segment_key_key UNIQUE,
  sha256 text NOT NULL,
  size_bytes bigint NOT NULL,
  row_count int NOT NULL,
  CONSTRAINT dataset_segment_pkey PRIMARY KEY (dataset_version_id, place)
);

INSERT INTO dataset_segment
  SELECT id, 0, segment_key, segment_sha256, segment_size_bytes, added_row_count FROM dataset_version;

ALTER TABLE dataset_version DROP COLUMN segment_key, DROP COLUMN segment_sha256, DROP COLUMN segment_size_bytes;

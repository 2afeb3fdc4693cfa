-- What is known of the values in a segment. `sketch` merges with those of other segments (profile/stored-sketch.ts); `facts`
-- are the few numbers of it that the next append is compared with.
CREATE TABLE segment_profile (
  key text COLLATE "C" NOT NULL CONSTRAINT segment_profile_pkey PRIMARY KEY
    CONSTRAINT segment_profile_key_fkey REFERENCES dataset_segment (key) ON DELETE CASCADE,
  format int NOT NULL,
  facts jsonb NOT NULL,
  sketch bytea NOT NULL
);

-- What was conspicuous about appended rows.
ALTER TABLE dataset_event ADD COLUMN problems jsonb;

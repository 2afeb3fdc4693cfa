-- What was measured of a version's single outputs (quantiles, labels) on one part of the rows; versions whose metrics say all
-- have none.
CREATE TABLE evaluation_breakdown (
  version_id text NOT NULL CONSTRAINT evaluation_breakdown_version_fkey REFERENCES model_version,
  split text NOT NULL,
  breakdown jsonb NOT NULL,
  CONSTRAINT evaluation_breakdown_pkey PRIMARY KEY (version_id, split)
);

-- Rows of each stratum in each part of the split, for datasets whose split depends on the order of arrival. It is
-- what the rows of the newest version add up to; see src/features/split-arrival.ts.
CREATE TABLE dataset_stratum (
  dataset_id text NOT NULL CONSTRAINT dataset_stratum_dataset_fkey REFERENCES dataset,
  stratum text NOT NULL,
  train int NOT NULL,
  validation int NOT NULL,
  test int NOT NULL,
  CONSTRAINT dataset_stratum_pkey PRIMARY KEY (dataset_id, stratum)
);

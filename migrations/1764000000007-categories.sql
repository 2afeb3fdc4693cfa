-- The categories of features that declare none, in the order of their first rows. A list only grows, and its codes never
-- change: the list as of a dataset version is its first `category_counts` entries, and models store no more than such counts.
CREATE TABLE dataset_category (
  dataset_id text NOT NULL CONSTRAINT dataset_category_dataset_fkey REFERENCES dataset,
  feature text COLLATE "C" NOT NULL,
  code int NOT NULL,
  value text COLLATE "C" NOT NULL,
  CONSTRAINT dataset_category_pkey PRIMARY KEY (dataset_id, feature, code),
  CONSTRAINT dataset_category_value_key UNIQUE (dataset_id, feature, value)
);

-- How many categories each such feature has, earlier appends included.
ALTER TABLE dataset_version ADD COLUMN category_counts jsonb NOT NULL DEFAULT '{}';

-- Of a model on such features, the number of parameters follows from the dataset's newest version.
ALTER TABLE model_revision ALTER COLUMN parameter_count DROP NOT NULL;

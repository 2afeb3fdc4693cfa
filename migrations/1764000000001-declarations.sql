-- What users declare: datasets, models, optimizers and retraining policies, with every revision kept.

CREATE TABLE dataset (
  id text CONSTRAINT dataset_pkey PRIMARY KEY,
  name text NOT NULL CONSTRAINT dataset_name_key UNIQUE,
  description text NOT NULL,
  features jsonb NOT NULL,
  split jsonb NOT NULL,
  digest text NOT NULL,
  event_head int NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dataset_created_at_idx ON dataset (created_at, id);

CREATE TABLE dataset_version (
  id text CONSTRAINT dataset_version_pkey PRIMARY KEY,
  dataset_id text NOT NULL CONSTRAINT dataset_version_dataset_fkey REFERENCES dataset,
  number int NOT NULL,
  row_count int NOT NULL,
  added_row_count int NOT NULL,
  -- Rows of each part of the split, earlier appends included; a row never changes its part.
  split_counts jsonb NOT NULL,
  digest text NOT NULL,
  segment_key text COLLATE "C" NOT NULL,
  segment_sha256 text NOT NULL,
  segment_size_bytes bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT dataset_version_number_key UNIQUE (dataset_id, number)
);

CREATE INDEX dataset_version_segment_key_idx ON dataset_version (segment_key);

CREATE TABLE model (
  id text CONSTRAINT model_pkey PRIMARY KEY,
  name text NOT NULL CONSTRAINT model_name_key UNIQUE,
  description text NOT NULL,
  dataset_id text NOT NULL CONSTRAINT model_dataset_fkey REFERENCES dataset,
  version_head int NOT NULL DEFAULT 0,
  event_head int NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX model_created_at_idx ON model (created_at, id);
CREATE INDEX model_dataset_idx ON model (dataset_id);

CREATE TABLE model_revision (
  id text CONSTRAINT model_revision_pkey PRIMARY KEY,
  model_id text NOT NULL CONSTRAINT model_revision_model_fkey REFERENCES model,
  number int NOT NULL,
  digest text NOT NULL,
  spec jsonb NOT NULL,
  parameter_count int NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT model_revision_number_key UNIQUE (model_id, number)
);

CREATE TABLE optimizer (
  id text CONSTRAINT optimizer_pkey PRIMARY KEY,
  name text NOT NULL CONSTRAINT optimizer_name_key UNIQUE,
  description text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX optimizer_created_at_idx ON optimizer (created_at, id);

CREATE TABLE optimizer_revision (
  id text CONSTRAINT optimizer_revision_pkey PRIMARY KEY,
  optimizer_id text NOT NULL CONSTRAINT optimizer_revision_optimizer_fkey REFERENCES optimizer,
  number int NOT NULL,
  digest text NOT NULL,
  spec jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT optimizer_revision_number_key UNIQUE (optimizer_id, number)
);

CREATE TABLE retraining (
  id text CONSTRAINT retraining_pkey PRIMARY KEY,
  name text NOT NULL CONSTRAINT retraining_name_key UNIQUE,
  description text NOT NULL,
  model_id text NOT NULL CONSTRAINT retraining_model_fkey REFERENCES model,
  enabled boolean NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX retraining_created_at_idx ON retraining (created_at, id);
CREATE INDEX retraining_model_idx ON retraining (model_id);

CREATE TABLE retraining_revision (
  id text CONSTRAINT retraining_revision_pkey PRIMARY KEY,
  retraining_id text NOT NULL CONSTRAINT retraining_revision_retraining_fkey REFERENCES retraining,
  number int NOT NULL,
  digest text NOT NULL,
  spec jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT retraining_revision_number_key UNIQUE (retraining_id, number)
);

CREATE TABLE dataset_event (
  dataset_id text NOT NULL CONSTRAINT dataset_event_dataset_fkey REFERENCES dataset,
  seq int NOT NULL,
  kind text NOT NULL,
  version_id text CONSTRAINT dataset_event_version_fkey REFERENCES dataset_version,
  at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT dataset_event_pkey PRIMARY KEY (dataset_id, seq)
);

-- A mutation sent again with its key answers as the first time; `request_digest` catches a key used for something else.
CREATE TABLE idempotency_key (
  operation text NOT NULL,
  key text NOT NULL,
  request_digest text NOT NULL,
  result jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT idempotency_key_pkey PRIMARY KEY (operation, key)
);

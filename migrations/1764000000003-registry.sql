-- What training produced: versions, their files and measurements, and the aliases that point to them.

CREATE TABLE model_version (
  id text CONSTRAINT model_version_pkey PRIMARY KEY,
  model_id text NOT NULL CONSTRAINT model_version_model_fkey REFERENCES model,
  model_name text NOT NULL,
  number int NOT NULL,
  run_id text NOT NULL CONSTRAINT model_version_run_fkey REFERENCES run CONSTRAINT model_version_run_key UNIQUE,
  model_revision_id text NOT NULL CONSTRAINT model_version_revision_fkey REFERENCES model_revision,
  digest text NOT NULL,
  signature jsonb NOT NULL,
  preprocessing jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT model_version_number_key UNIQUE (model_id, number)
);
CREATE INDEX model_version_created_at_idx ON model_version (created_at, id);

ALTER TABLE run ADD CONSTRAINT run_parent_version_fkey FOREIGN KEY (parent_version_id) REFERENCES model_version;
ALTER TABLE run ADD CONSTRAINT run_reproduces_version_fkey FOREIGN KEY (reproduces_version_id) REFERENCES model_version;
CREATE INDEX run_reproduces_idx ON run (reproduces_version_id, created_at) WHERE reproduces_version_id IS NOT NULL;

CREATE TABLE evaluation (
  version_id text NOT NULL CONSTRAINT evaluation_version_fkey REFERENCES model_version,
  split text NOT NULL,
  name text NOT NULL,
  value double precision NOT NULL,
  CONSTRAINT evaluation_pkey PRIMARY KEY (version_id, split, name)
);
CREATE INDEX evaluation_value_idx ON evaluation (split, name, value);

CREATE TABLE artifact (
  version_id text NOT NULL CONSTRAINT artifact_version_fkey REFERENCES model_version,
  name text NOT NULL,
  object_key text COLLATE "C" NOT NULL,
  size_bytes bigint NOT NULL,
  digest text NOT NULL,
  CONSTRAINT artifact_pkey PRIMARY KEY (version_id, name)
);
CREATE INDEX artifact_object_key_idx ON artifact (object_key);

CREATE TABLE version_tag (
  version_id text NOT NULL CONSTRAINT version_tag_version_fkey REFERENCES model_version,
  key text NOT NULL,
  value text NOT NULL,
  CONSTRAINT version_tag_pkey PRIMARY KEY (version_id, key)
);
CREATE INDEX version_tag_value_idx ON version_tag (key, value);

CREATE TABLE alias (
  model_id text NOT NULL CONSTRAINT alias_model_fkey REFERENCES model,
  name text NOT NULL,
  version_id text NOT NULL CONSTRAINT alias_version_fkey REFERENCES model_version,
  previous_version_id text CONSTRAINT alias_previous_version_fkey REFERENCES model_version,
  moved_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT alias_pkey PRIMARY KEY (model_id, name)
);
CREATE INDEX alias_name_idx ON alias (name);
CREATE INDEX alias_version_idx ON alias (version_id);

CREATE TABLE alias_move (
  model_id text NOT NULL CONSTRAINT alias_move_model_fkey REFERENCES model,
  name text NOT NULL,
  seq int NOT NULL,
  from_version_id text CONSTRAINT alias_move_from_fkey REFERENCES model_version,
  to_version_id text CONSTRAINT alias_move_to_fkey REFERENCES model_version,
  reason text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT alias_move_pkey PRIMARY KEY (model_id, name, seq)
);

CREATE TABLE model_event (
  model_id text NOT NULL CONSTRAINT model_event_model_fkey REFERENCES model,
  seq int NOT NULL,
  kind text NOT NULL,
  version_id text CONSTRAINT model_event_version_fkey REFERENCES model_version,
  run_id text CONSTRAINT model_event_run_fkey REFERENCES run,
  alias text,
  reason text,
  at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT model_event_pkey PRIMARY KEY (model_id, seq)
);

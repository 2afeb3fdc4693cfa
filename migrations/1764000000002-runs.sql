-- Runs, their leases, metrics, events and checkpoints; the workers that execute them.

CREATE TABLE worker (
  id text CONSTRAINT worker_pkey PRIMARY KEY,
  host text NOT NULL,
  pid int NOT NULL,
  -- What its host has, in the order that `run.device` counts by.
  devices jsonb NOT NULL,
  slots int NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  heartbeat_at timestamptz NOT NULL DEFAULT now()
);

-- The object that proves a store to be this platform's; see src/same-store.ts. One row.
CREATE TABLE object_store (
  only_row boolean CONSTRAINT object_store_pkey PRIMARY KEY DEFAULT true CONSTRAINT object_store_only_row_check CHECK (only_row),
  marker text NOT NULL,
  -- When garbage collection began last, on any server.
  collected_at timestamptz
);

-- What this database wrote into its store since when: a mark in the store that is not here was written by a database that
-- is newer than this one, which then was restored from a backup.
CREATE TABLE store_generation (
  mark text CONSTRAINT store_generation_pkey PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Objects that a transaction still has to refer to, noted before they are put. The transaction takes its note away; what is
-- noted and out of date is nobody's any more, and collection may delete it.
CREATE TABLE pending_object (
  key text CONSTRAINT pending_object_pkey PRIMARY KEY,
  expires_at timestamptz NOT NULL
);

-- Objects that nothing refers to any more and nothing ever can: collection deletes them. A segment's entry stays, since its
-- writer may be late and put it once more.
CREATE TABLE orphan_object (
  key text CONSTRAINT orphan_object_pkey PRIMARY KEY,
  noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE run (
  id text CONSTRAINT run_pkey PRIMARY KEY,
  state text NOT NULL CONSTRAINT run_state_check
    CHECK (state IN ('QUEUED', 'RUNNING', 'CANCELING', 'PAUSED', 'SUCCEEDED', 'FAILED', 'CANCELED')),
  model_id text NOT NULL CONSTRAINT run_model_fkey REFERENCES model,
  model_revision_id text NOT NULL CONSTRAINT run_model_revision_fkey REFERENCES model_revision,
  optimizer_revision_id text NOT NULL CONSTRAINT run_optimizer_revision_fkey REFERENCES optimizer_revision,
  dataset_version_id text NOT NULL CONSTRAINT run_dataset_version_fkey REFERENCES dataset_version,
  parent_version_id text,
  retraining_id text CONSTRAINT run_retraining_fkey REFERENCES retraining,
  retry_of_id text CONSTRAINT run_retry_of_fkey REFERENCES run,
  reproduces_version_id text,
  reproduction jsonb,
  gate jsonb,
  spec jsonb NOT NULL,
  -- Runs of one project share the slots evenly with those of any other of the same priority; lower priorities go first.
  project text NOT NULL DEFAULT 'default',
  priority int NOT NULL DEFAULT 42 CONSTRAINT run_priority_check CHECK (priority BETWEEN 1 AND 99),
  -- What it is known to need at least; a device's runs must fit its memory together.
  memory_bytes bigint NOT NULL DEFAULT 0,
  -- Runs that it depends on and that have not SUCCEEDED yet; it may start when there are none.
  open_dependencies int NOT NULL DEFAULT 0,
  -- What its newest attempt was granted.
  device jsonb,
  attempt int NOT NULL DEFAULT 0,
  fence int NOT NULL DEFAULT 0,
  executor text,
  -- What a claim goes by. A run that has computed on one kind of device goes on there: another would give other last bits.
  needs text NOT NULL GENERATED ALWAYS AS (
    coalesce(CASE WHEN executor IS NOT NULL THEN device ->> 'kind' END, spec ->> 'device', 'ANY')) STORED,
  threads int NOT NULL GENERATED ALWAYS AS (coalesce((spec ->> 'threads')::int, 1)) STORED,
  environment jsonb,
  -- Restarts that count against what its spec allows; a lost worker or a killed trainer costs none.
  restarts int NOT NULL DEFAULT 0,
  -- The newest fault: its code, message and step, so that one which repeats itself is recognized.
  last_fault jsonb,
  -- The environment that computed the newest point stored.
  measured_environment jsonb,
  -- The last step that any attempt has measured, and what it was when the newest attempt was granted: beyond that, the
  -- attempt has gained a step.
  furthest_step int NOT NULL DEFAULT 0,
  granted_step int NOT NULL DEFAULT 0,
  -- Attempts in a row that were lost (killed, or gone with their worker) before they had gained a step.
  losses int NOT NULL DEFAULT 0,
  -- Not to be claimed before: the pause after a fault.
  not_before timestamptz,
  -- What its worker is asked to do with it: checkpoint and give it back, paused or to the queue.
  asked text CONSTRAINT run_asked_check CHECK (asked IN ('PAUSE', 'PREEMPT')),
  worker_id text,
  lease_expires_at timestamptz,
  progress jsonb NOT NULL,
  metric_head int NOT NULL DEFAULT 0,
  event_head int NOT NULL DEFAULT 0,
  error jsonb,
  summary jsonb NOT NULL DEFAULT '[]',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  finished_at timestamptz
);
CREATE INDEX run_created_at_idx ON run (created_at, id);
CREATE INDEX run_updated_at_idx ON run (updated_at);
CREATE INDEX run_state_idx ON run (state, created_at, id);
CREATE INDEX run_retraining_idx ON run (retraining_id, created_at) WHERE retraining_id IS NOT NULL;
CREATE INDEX run_model_idx ON run (model_id, created_at);
CREATE INDEX run_project_idx ON run (project, created_at, id);
-- Claim and sweep look only at live runs, which are few among all that ever ran.
-- The runs of one priority and project that ask for one kind of device lie side by side, oldest first: a claim reads the first
-- few of each that fit it (src/scheduler/candidates.ts). What does not fit is passed over within the index.
CREATE INDEX run_queued_idx ON run (priority, project, needs, created_at, id, threads, memory_bytes)
  WHERE (state = 'QUEUED' AND open_dependencies = 0) IS TRUE;
CREATE INDEX run_leased_idx ON run (lease_expires_at) WHERE state IN ('RUNNING', 'CANCELING');
-- A policy starts at most one run per dataset version; a retry of that run names it instead.
CREATE UNIQUE INDEX run_retraining_key ON run (retraining_id, dataset_version_id)
  WHERE retraining_id IS NOT NULL AND retry_of_id IS NULL;

-- A run waits until all that it depends on have SUCCEEDED.
CREATE TABLE run_dependency (
  run_id text NOT NULL CONSTRAINT run_dependency_run_fkey REFERENCES run,
  depends_on_id text NOT NULL CONSTRAINT run_dependency_depends_on_fkey REFERENCES run,
  CONSTRAINT run_dependency_pkey PRIMARY KEY (run_id, depends_on_id)
);
CREATE INDEX run_dependency_depends_on_idx ON run_dependency (depends_on_id);

CREATE TABLE run_event (
  run_id text NOT NULL CONSTRAINT run_event_run_fkey REFERENCES run,
  seq int NOT NULL,
  kind text NOT NULL,
  from_state text,
  to_state text,
  attempt int NOT NULL,
  message text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT run_event_pkey PRIMARY KEY (run_id, seq)
);

-- Without a foreign key: whoever stores points holds the lock on their run's row, and a check for each point would take
-- several times as long as storing it.
CREATE TABLE run_metric (
  run_id text NOT NULL,
  seq int NOT NULL,
  name text NOT NULL,
  step int NOT NULL,
  epoch int NOT NULL,
  value double precision NOT NULL,
  CONSTRAINT run_metric_pkey PRIMARY KEY (run_id, seq)
);
CREATE INDEX run_metric_name_idx ON run_metric (run_id, name, seq);

-- A resumed attempt whose numbers may differ measures the steps behind to_step anew, from the point `seq` on.
CREATE TABLE run_rewind (
  run_id text NOT NULL CONSTRAINT run_rewind_run_fkey REFERENCES run,
  seq int NOT NULL,
  to_step int NOT NULL,
  CONSTRAINT run_rewind_pkey PRIMARY KEY (run_id, seq)
);

CREATE TABLE checkpoint (
  id text CONSTRAINT checkpoint_pkey PRIMARY KEY,
  run_id text NOT NULL CONSTRAINT checkpoint_run_fkey REFERENCES run,
  attempt int NOT NULL,
  step int NOT NULL,
  epoch int NOT NULL,
  -- In the order of a listing of the store.
  object_key text COLLATE "C" NOT NULL CONSTRAINT checkpoint_object_key_key UNIQUE,
  size_bytes bigint NOT NULL,
  digest text NOT NULL,
  -- What tells the best ones; null where nothing measured these weights.
  monitored double precision,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX checkpoint_run_idx ON checkpoint (run_id, step DESC);

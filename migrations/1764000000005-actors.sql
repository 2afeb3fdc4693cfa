-- Who made each change, as `<kind>:<id>`. Inserts leave the column out: its default is the actor that the transaction has
-- set, so that no statement can forget it. Rows that exist already are the operator's, whose key was the only one; entries
-- of histories that workers wrote too are left without an actor.
CREATE FUNCTION current_actor() RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT coalesce(nullif(current_setting('perennial.actor', true), ''), 'SYSTEM:perennial') $$;

ALTER TABLE dataset ADD COLUMN actor text NOT NULL DEFAULT 'OPERATOR:operator';
ALTER TABLE dataset ALTER COLUMN actor SET DEFAULT current_actor();
ALTER TABLE dataset_version ADD COLUMN actor text NOT NULL DEFAULT 'OPERATOR:operator';
ALTER TABLE dataset_version ALTER COLUMN actor SET DEFAULT current_actor();
ALTER TABLE dataset_event ADD COLUMN actor text NOT NULL DEFAULT 'OPERATOR:operator';
ALTER TABLE dataset_event ALTER COLUMN actor SET DEFAULT current_actor();
ALTER TABLE model ADD COLUMN actor text NOT NULL DEFAULT 'OPERATOR:operator';
ALTER TABLE model ALTER COLUMN actor SET DEFAULT current_actor();
ALTER TABLE model_revision ADD COLUMN actor text NOT NULL DEFAULT 'OPERATOR:operator';
ALTER TABLE model_revision ALTER COLUMN actor SET DEFAULT current_actor();
ALTER TABLE optimizer ADD COLUMN actor text NOT NULL DEFAULT 'OPERATOR:operator';
ALTER TABLE optimizer ALTER COLUMN actor SET DEFAULT current_actor();
ALTER TABLE optimizer_revision ADD COLUMN actor text NOT NULL DEFAULT 'OPERATOR:operator';
ALTER TABLE optimizer_revision ALTER COLUMN actor SET DEFAULT current_actor();
ALTER TABLE retraining ADD COLUMN actor text NOT NULL DEFAULT 'OPERATOR:operator';
ALTER TABLE retraining ALTER COLUMN actor SET DEFAULT current_actor();
ALTER TABLE retraining_revision ADD COLUMN actor text NOT NULL DEFAULT 'OPERATOR:operator';
ALTER TABLE retraining_revision ALTER COLUMN actor SET DEFAULT current_actor();
ALTER TABLE version_tag ADD COLUMN actor text NOT NULL DEFAULT 'OPERATOR:operator';
ALTER TABLE version_tag ALTER COLUMN actor SET DEFAULT current_actor();

ALTER TABLE run ADD COLUMN actor text NOT NULL DEFAULT 'OPERATOR:operator';
ALTER TABLE run ALTER COLUMN actor SET DEFAULT current_actor();
-- A policy queued its own runs; their retries are the operator's.
UPDATE run SET actor = 'POLICY:' || retraining_id WHERE retraining_id IS NOT NULL AND retry_of_id IS NULL;
-- Who asked for what `asked` says.
ALTER TABLE run ADD COLUMN asked_by text;

ALTER TABLE alias_move ADD COLUMN actor text;
ALTER TABLE alias_move ALTER COLUMN actor SET DEFAULT current_actor();
ALTER TABLE model_event ADD COLUMN actor text;
ALTER TABLE model_event ALTER COLUMN actor SET DEFAULT current_actor();
ALTER TABLE run_event ADD COLUMN actor text;
ALTER TABLE run_event ALTER COLUMN actor SET DEFAULT current_actor();

-- Two actors may choose the same key.
ALTER TABLE idempotency_key ADD COLUMN actor text NOT NULL DEFAULT 'OPERATOR:operator';
ALTER TABLE idempotency_key ALTER COLUMN actor SET DEFAULT current_actor();
ALTER TABLE idempotency_key DROP CONSTRAINT idempotency_key_pkey,
  ADD CONSTRAINT idempotency_key_pkey PRIMARY KEY (actor, operation, key);

-- Why a measurement is NaN; null where it is defined, and for what was measured before.
ALTER TABLE evaluation ADD COLUMN undefined_reason text;

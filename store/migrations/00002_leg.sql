-- +goose Up
-- What ends the leg of an answered call that a crash left up; '' once the call
-- is settled or its leg was ended.
ALTER TABLE attempts ADD COLUMN leg TEXT NOT NULL DEFAULT '';
CREATE INDEX attempts_leg ON attempts (node) WHERE leg <> '';

-- +goose Down
DROP INDEX attempts_leg;
ALTER TABLE attempts DROP COLUMN leg;

-- +goose Up
-- The caller ID that an attempt presented; '' where its trunk had to choose.
ALTER TABLE attempts ADD COLUMN caller_id TEXT NOT NULL DEFAULT '';
CREATE INDEX attempts_caller ON attempts (tenant, caller_id, started);
CREATE INDEX attempts_caller_live ON attempts (tenant, caller_id) WHERE state = 'dialling';

-- The last rest of a number that was taken badly; until may lie behind.
CREATE TABLE caller_rests (
    tenant  TEXT NOT NULL,
    number  TEXT NOT NULL,
    began   BIGINT NOT NULL,
    until   BIGINT NOT NULL,
    why     TEXT NOT NULL,
    times   BIGINT NOT NULL,
    PRIMARY KEY (tenant, number)
);

-- +goose Down
DROP TABLE caller_rests;
DROP INDEX attempts_caller_live;
DROP INDEX attempts_caller;
ALTER TABLE attempts DROP COLUMN caller_id;

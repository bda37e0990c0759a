-- +goose Up
-- Who rang: 'outbound' we, 'inbound' the customer. Only our own calls are one a
-- number: a customer may call back in the moment that we dial.
ALTER TABLE attempts ADD COLUMN direction TEXT NOT NULL DEFAULT 'outbound';
DROP INDEX attempts_live;
CREATE UNIQUE INDEX attempts_live ON attempts (tenant, phone) WHERE state = 'dialling' AND direction = 'outbound';

-- +goose Down
DROP INDEX attempts_live;
CREATE UNIQUE INDEX attempts_live ON attempts (tenant, phone) WHERE state = 'dialling';
ALTER TABLE attempts DROP COLUMN direction;

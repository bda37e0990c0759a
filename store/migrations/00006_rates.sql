-- +goose Up
-- Rate tables are never changed: a newer one takes the place of an older one
-- from its effective moment on. tenant is '' for those of the configuration,
-- which every tenant has unless it has its own. Money is in millionths.
CREATE TABLE rate_tables (
    tenant    TEXT NOT NULL,
    id        TEXT NOT NULL,
    trunk     TEXT NOT NULL,
    effective BIGINT NOT NULL,
    state     TEXT NOT NULL, -- loading NODE, ready
    source    TEXT NOT NULL, -- upload, configuration
    entries   BIGINT NOT NULL,
    digest    TEXT NOT NULL,
    created   BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX rate_tables_trunk ON rate_tables (tenant, trunk, effective);

CREATE TABLE rates (
    tenant     TEXT NOT NULL,
    rate_table TEXT NOT NULL,
    prefix     TEXT NOT NULL,
    per_minute BIGINT NOT NULL,
    first_s    BIGINT NOT NULL,
    next_s     BIGINT NOT NULL,
    setup      BIGINT NOT NULL,
    currency   TEXT NOT NULL,
    PRIMARY KEY (tenant, rate_table, prefix)
);

-- What an answered call cost; currency '' where that is not known.
ALTER TABLE attempts ADD COLUMN cost BIGINT NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN currency TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE attempts DROP COLUMN currency;
ALTER TABLE attempts DROP COLUMN cost;
DROP TABLE rates;
DROP TABLE rate_tables;

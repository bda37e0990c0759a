-- +goose Up
-- A call's signalling, compressed: written once with the settlement and read
-- whole. SQLite takes the type's name for a blob all the same.
CREATE TABLE ladders (
    tenant TEXT NOT NULL,
    call   TEXT NOT NULL,
    data   BYTEA NOT NULL,
    PRIMARY KEY (tenant, call)
);

-- +goose Down
DROP TABLE ladders;

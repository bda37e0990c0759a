-- +goose Up
-- The same text runs on SQLite and PostgreSQL. Times are milliseconds since
-- 1970, 0 for none; flags are 0 or 1; documents are JSON in TEXT. Every table
-- carries the tenant, and every key begins with it.

CREATE TABLE tenants (
    id        TEXT PRIMARY KEY,
    name      TEXT NOT NULL,
    created   BIGINT NOT NULL,
    event_seq BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE api_keys (
    id      TEXT PRIMARY KEY,
    tenant  TEXT NOT NULL,
    name    TEXT NOT NULL,
    role    TEXT NOT NULL,
    hash    TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX api_keys_tenant ON api_keys (tenant);

CREATE TABLE settings (
    tenant TEXT NOT NULL,
    name   TEXT NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
);

CREATE TABLE flows (
    tenant    TEXT NOT NULL,
    name      TEXT NOT NULL,
    version   BIGINT NOT NULL,
    source    TEXT NOT NULL,
    published BIGINT NOT NULL DEFAULT 0,
    created   BIGINT NOT NULL,
    PRIMARY KEY (tenant, name, version)
);

CREATE TABLE lists (
    tenant  TEXT NOT NULL,
    id      TEXT NOT NULL,
    name    TEXT NOT NULL,
    region  TEXT NOT NULL,
    state   TEXT NOT NULL, -- loading, ready
    summary TEXT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE list_errors (
    tenant      TEXT NOT NULL,
    list        TEXT NOT NULL,
    n           BIGINT NOT NULL,
    row_number  BIGINT NOT NULL,
    column_name TEXT NOT NULL,
    problem     TEXT NOT NULL,
    PRIMARY KEY (tenant, list, n)
);

CREATE TABLE contacts (
    tenant   TEXT NOT NULL,
    id       TEXT NOT NULL,
    list     TEXT NOT NULL,
    phone    TEXT NOT NULL,
    person   TEXT NOT NULL,
    account  TEXT NOT NULL,
    priority BIGINT NOT NULL,
    imported BIGINT NOT NULL,
    data     TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX contacts_list ON contacts (tenant, list, id);
CREATE INDEX contacts_phone ON contacts (tenant, phone);
CREATE INDEX contacts_person ON contacts (tenant, person);
CREATE INDEX contacts_account ON contacts (tenant, account) WHERE account <> '';

CREATE TABLE campaigns (
    tenant  TEXT NOT NULL,
    id      TEXT NOT NULL,
    state   TEXT NOT NULL,
    data    TEXT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX campaigns_state ON campaigns (state);

-- A contact in a campaign. due orders the waiting ones: below 10000 they were
-- never tried and due is 1000 minus the priority; above it is a moment.
CREATE TABLE campaign_contacts (
    tenant      TEXT NOT NULL,
    campaign    TEXT NOT NULL,
    contact     TEXT NOT NULL,
    phone       TEXT NOT NULL,
    person      TEXT NOT NULL,
    account     TEXT NOT NULL,
    state       TEXT NOT NULL, -- waiting, claimed, dialling, done, uncertain
    due         BIGINT NOT NULL,
    attempts    BIGINT NOT NULL DEFAULT 0,
    failures    BIGINT NOT NULL DEFAULT 0,
    attempt     TEXT NOT NULL DEFAULT '',
    node        TEXT NOT NULL DEFAULT '',
    epoch       BIGINT NOT NULL DEFAULT 0,
    lease_until BIGINT NOT NULL DEFAULT 0,
    network     TEXT NOT NULL DEFAULT '',
    disposition TEXT NOT NULL DEFAULT '',
    reason      TEXT NOT NULL DEFAULT '',
    rulings     TEXT NOT NULL DEFAULT '',
    updated     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, campaign, contact)
);
CREATE INDEX campaign_contacts_due ON campaign_contacts (tenant, campaign, state, due);
CREATE INDEX campaign_contacts_phone ON campaign_contacts (tenant, phone);
CREATE INDEX campaign_contacts_person ON campaign_contacts (tenant, person);
CREATE INDEX campaign_contacts_contact ON campaign_contacts (tenant, contact);

CREATE TABLE attempts (
    tenant      TEXT NOT NULL,
    id          TEXT NOT NULL,
    campaign    TEXT NOT NULL,
    contact     TEXT NOT NULL,
    phone       TEXT NOT NULL,
    person      TEXT NOT NULL,
    state       TEXT NOT NULL, -- dialling, ended, released, uncertain
    counted     BIGINT NOT NULL,
    node        TEXT NOT NULL,
    epoch       BIGINT NOT NULL,
    started     BIGINT NOT NULL,
    answered    BIGINT NOT NULL DEFAULT 0,
    ended       BIGINT NOT NULL DEFAULT 0,
    talk_ms     BIGINT NOT NULL DEFAULT 0,
    network     TEXT NOT NULL DEFAULT '',
    answered_by TEXT NOT NULL DEFAULT '',
    disposition TEXT NOT NULL DEFAULT '',
    intents     TEXT NOT NULL DEFAULT '',
    anger       DOUBLE PRECISION NOT NULL DEFAULT 0,
    target      TEXT NOT NULL,
    rulings     TEXT NOT NULL,
    report      TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (tenant, id)
);
-- One live leg per tenant and number, whatever the nodes do at the same time.
CREATE UNIQUE INDEX attempts_live ON attempts (tenant, phone) WHERE state = 'dialling';
CREATE INDEX attempts_phone ON attempts (tenant, phone, started);
CREATE INDEX attempts_person ON attempts (tenant, person, started);
CREATE INDEX attempts_campaign ON attempts (tenant, campaign, started);
CREATE INDEX attempts_started ON attempts (tenant, started, id);
CREATE INDEX attempts_node ON attempts (node) WHERE state = 'dialling';

CREATE TABLE turns (
    tenant  TEXT NOT NULL,
    call    TEXT NOT NULL,
    n       BIGINT NOT NULL,
    speaker TEXT NOT NULL,
    data    TEXT NOT NULL,
    PRIMARY KEY (tenant, call, n)
);

-- Words of a transcript, Chinese as pairs of characters: a search that both
-- databases can do.
CREATE TABLE terms (
    tenant TEXT NOT NULL,
    term   TEXT NOT NULL,
    call   TEXT NOT NULL,
    PRIMARY KEY (tenant, term, call)
);
CREATE INDEX terms_call ON terms (tenant, call);

CREATE TABLE facts (
    tenant   TEXT NOT NULL,
    call     TEXT NOT NULL,
    kind     TEXT NOT NULL,
    digest   TEXT NOT NULL,
    campaign TEXT NOT NULL,
    contact  TEXT NOT NULL,
    data     TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (tenant, call, kind, digest)
);

-- A key is a phone number or a person: both outlive lists and contacts.
CREATE TABLE opt_outs (
    tenant TEXT NOT NULL,
    key    TEXT NOT NULL,
    call   TEXT NOT NULL,
    source TEXT NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (tenant, key)
);

CREATE TABLE closures (
    tenant TEXT NOT NULL,
    key    TEXT NOT NULL,
    kind   TEXT NOT NULL, -- paid, or a disposition after which nobody calls
    call   TEXT NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (tenant, key, kind)
);

CREATE TABLE dnc (
    tenant   TEXT NOT NULL,
    campaign TEXT NOT NULL, -- '' for the whole tenant
    phone    TEXT NOT NULL,
    reason   TEXT NOT NULL,
    added    BIGINT NOT NULL,
    PRIMARY KEY (tenant, campaign, phone)
);

CREATE TABLE events (
    tenant  TEXT NOT NULL,
    seq     BIGINT NOT NULL,
    id      TEXT NOT NULL,
    subject TEXT NOT NULL,
    at      BIGINT NOT NULL,
    data    TEXT NOT NULL,
    PRIMARY KEY (tenant, seq)
);
CREATE UNIQUE INDEX events_id ON events (tenant, id);

-- Who may claim. The epoch only grows; a holder of an older one dials nothing.
CREATE TABLE leaders (
    name   TEXT PRIMARY KEY,
    epoch  BIGINT NOT NULL,
    holder TEXT NOT NULL,
    since  BIGINT NOT NULL
);

-- +goose Down
DROP TABLE leaders;
DROP TABLE events;
DROP TABLE dnc;
DROP TABLE closures;
DROP TABLE opt_outs;
DROP TABLE facts;
DROP TABLE terms;
DROP TABLE turns;
DROP TABLE attempts;
DROP TABLE campaign_contacts;
DROP TABLE campaigns;
DROP TABLE contacts;
DROP TABLE list_errors;
DROP TABLE lists;
DROP TABLE flows;
DROP TABLE settings;
DROP TABLE api_keys;
DROP TABLE tenants;

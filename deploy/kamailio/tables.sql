-- What Turnup's devices need beside Kamailio's own tables, as SQLite. What is called `json` is kept as it came.
ALTER TABLE subscriber ADD COLUMN device_json TEXT NOT NULL DEFAULT '{}';
ALTER TABLE subscriber ADD COLUMN owners_json TEXT NOT NULL DEFAULT '[]';
ALTER TABLE subscriber ADD COLUMN password_mark TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriber ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;

CREATE TABLE workspace (name TEXT PRIMARY KEY, json TEXT NOT NULL);

-- The types of phones and gateways that may be added: the registrar's owner keeps this list.
CREATE TABLE device_type (
    name TEXT PRIMARY KEY,
    minimum_firmware TEXT NOT NULL,
    is_secure INTEGER NOT NULL
);

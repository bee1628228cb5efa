-- What Turnup's devices need beside Kamailio's own tables, as SQLite. What is called `json` is kept as it came.
PRAGMA journal_mode = WAL;

ALTER TABLE subscriber ADD COLUMN device_json TEXT NOT NULL DEFAULT '{}';
ALTER TABLE subscriber ADD COLUMN owners_json TEXT NOT NULL DEFAULT '[]';
ALTER TABLE subscriber ADD COLUMN password_mark TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriber ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscriber ADD COLUMN calls_stopped INTEGER NOT NULL DEFAULT 0;

CREATE TABLE workspace (name TEXT PRIMARY KEY, json TEXT NOT NULL);

-- The types of phones and gateways that may be added: the registrar's owner keeps this list.
CREATE TABLE device_type (
    name TEXT PRIMARY KEY,
    minimum_firmware TEXT NOT NULL,
    is_secure INTEGER NOT NULL
);

-- Who calls whom, from before it rings, as Kamailio's modules dialog and tm know the call.
CREATE TABLE ongoing (
    user_name TEXT NOT NULL,
    h_entry INTEGER NOT NULL,
    h_id INTEGER NOT NULL,
    call_id TEXT NOT NULL,
    cseq INTEGER NOT NULL
);

-- What devices did and Turnup was not told yet (SD-10): written with the binding itself, forgotten once it was taken.
CREATE TABLE news (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL DEFAULT (lower(hex(randomblob(16)))),
    at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    kind TEXT NOT NULL,
    user_name TEXT NOT NULL,
    mac TEXT NOT NULL
);

CREATE TRIGGER first_binding AFTER INSERT ON location
WHEN (SELECT count(*) FROM location WHERE username = NEW.username) = 1
BEGIN
    INSERT INTO news (kind, user_name, mac)
    SELECT 'registered', username, device_json ->> 'mac' FROM subscriber WHERE username = NEW.username;
END;

CREATE TRIGGER last_binding AFTER DELETE ON location
WHEN NOT EXISTS (SELECT * FROM location WHERE username = OLD.username)
BEGIN
    INSERT INTO news (kind, user_name, mac)
    SELECT 'unregistered', username, device_json ->> 'mac' FROM subscriber WHERE username = OLD.username;
END;

-- What is told over HTTP, as JSON.
CREATE VIEW told_types AS
SELECT json_object('types', json_group_array(json_object('name', name,
    'minimum_firmware', minimum_firmware, 'is_secure', json(iif(is_secure, 'true', 'false'))))) AS json
FROM device_type;

CREATE VIEW told_subscriber AS
SELECT username, json_patch(device_json, json_object('user_name', username, 'domain', domain,
    'owners', json(owners_json), 'password_mark', password_mark, 'blocked', json(iif(blocked, 'true', 'false')),
    'bindings', (
        SELECT json_group_array(contact) FROM location
        WHERE location.username = subscriber.username AND expires > julianday('now')))) AS json
FROM subscriber;

CREATE VIEW told_news AS
SELECT json_object('news', json_group_array(json_object('id', id, 'at', at, 'kind', kind,
    'platform_id', user_name, 'facts', json_object('mac', mac, 'sequence', sequence)))) AS json
FROM (SELECT * FROM news ORDER BY sequence LIMIT 100);

-- Whose a device is, and where it stands.
CREATE VIEW owned AS SELECT username, value AS owner FROM subscriber, json_each(owners_json);

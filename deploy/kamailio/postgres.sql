-- What Turnup's devices need beside Kamailio's own tables, as PostgreSQL. What is called `json` is kept as it came.
-- What Kamailio reads is VARCHAR: of TEXT its driver would take the backslashes away, as of a BYTEA.
ALTER TABLE subscriber ADD COLUMN device_json TEXT NOT NULL DEFAULT '{}';
ALTER TABLE subscriber ADD COLUMN owners_json TEXT NOT NULL DEFAULT '[]';
ALTER TABLE subscriber ADD COLUMN password_mark TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriber ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscriber ADD COLUMN calls_stopped INTEGER NOT NULL DEFAULT 0;

-- Seconds since 1970: Kamailio would write its own local time, which the server may read as another.
ALTER TABLE location
    ALTER COLUMN expires DROP DEFAULT, ALTER COLUMN expires TYPE BIGINT USING 0,
    ALTER COLUMN last_modified DROP DEFAULT, ALTER COLUMN last_modified TYPE BIGINT USING 0;

CREATE TABLE workspace (name TEXT PRIMARY KEY, json VARCHAR NOT NULL);

-- The types of phones and gateways that may be added: the registrar's owner keeps this list.
CREATE TABLE device_type (
    name TEXT PRIMARY KEY,
    minimum_firmware TEXT NOT NULL,
    is_secure BOOLEAN NOT NULL
);

-- Who calls whom, from before it rings, as Kamailio's modules dialog and tm know the call.
CREATE TABLE ongoing (
    user_name TEXT NOT NULL,
    h_entry BIGINT NOT NULL,
    h_id BIGINT NOT NULL,
    call_id VARCHAR NOT NULL,
    cseq BIGINT NOT NULL
);

-- What devices did and Turnup was not told yet (SD-10): written with the binding itself, forgotten once it was taken.
CREATE TABLE news (
    sequence BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    id TEXT NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', ''),
    at TEXT NOT NULL DEFAULT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    kind TEXT NOT NULL,
    user_name TEXT NOT NULL,
    mac TEXT NOT NULL
);

CREATE FUNCTION tell_first_binding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM location WHERE username = NEW.username) = 1 THEN
        INSERT INTO news (kind, user_name, mac)
        SELECT 'registered', username, device_json::json ->> 'mac' FROM subscriber WHERE username = NEW.username;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION tell_last_binding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT * FROM location WHERE username = OLD.username) THEN
        INSERT INTO news (kind, user_name, mac)
        SELECT 'unregistered', username, device_json::json ->> 'mac' FROM subscriber WHERE username = OLD.username;
    END IF;
    RETURN NULL;
END $$;

-- Kamailio lets one process at a time change the bindings of a user, so that both see all of them.
CREATE TRIGGER first_binding AFTER INSERT ON location FOR EACH ROW EXECUTE FUNCTION tell_first_binding();
CREATE TRIGGER last_binding AFTER DELETE ON location FOR EACH ROW EXECUTE FUNCTION tell_last_binding();

-- What is told over HTTP, as JSON.
CREATE VIEW told_types AS
SELECT json_build_object('types', coalesce(json_agg(json_build_object('name', name,
    'minimum_firmware', minimum_firmware, 'is_secure', is_secure)), '[]'))::varchar AS json
FROM device_type;

CREATE VIEW told_subscriber AS
SELECT username, (device_json::jsonb || jsonb_build_object('user_name', username, 'domain', domain,
    'owners', owners_json::json, 'password_mark', password_mark, 'blocked', blocked = 1,
    'bindings', (
        SELECT coalesce(json_agg(contact), '[]') FROM location
        WHERE location.username = subscriber.username AND expires > extract(epoch FROM now()))))::varchar AS json
FROM subscriber;

CREATE VIEW told_news AS
SELECT json_build_object('news', coalesce(json_agg(json_build_object('id', id, 'at', at, 'kind', kind,
    'platform_id', user_name, 'facts', json_build_object('mac', mac, 'sequence', sequence)) ORDER BY sequence),
    '[]'))::varchar AS json
FROM (SELECT * FROM news ORDER BY sequence LIMIT 100) AS oldest;

-- Whose a device is, and where it stands.
CREATE VIEW owned AS SELECT username, json_array_elements_text(owners_json::json) AS owner FROM subscriber;

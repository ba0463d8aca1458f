-- The store's database, version 1. A path is valid when, and only when, it has a row in `paths`; its bytes were
-- synced to the disk before that row was committed. Paths are logical (/osconf/store/<hash>-<name>), whatever the
-- physical root is, so that a store can be moved or put into an image as it is.

-- Which versions of this schema were applied, in order. A newer osconf adds rows; an older one refuses to open.
CREATE TABLE migrations (
    version    INTEGER PRIMARY KEY,
    applied_at INTEGER NOT NULL               -- seconds since 1970
);

-- Valid paths.
CREATE TABLE paths (
    id                INTEGER PRIMARY KEY,
    path              TEXT    NOT NULL UNIQUE,
    nar_hash          TEXT    NOT NULL,           -- sha256:<base16> of the path's archive
    nar_size          INTEGER NOT NULL,           -- its size in bytes
    registration_time INTEGER NOT NULL,           -- seconds since 1970
    deriver           TEXT,                       -- the .drv it came from, which may be gone
    ultimate          INTEGER NOT NULL DEFAULT 0, -- 1: built here, therefore trusted without a signature
    signatures        TEXT    NOT NULL DEFAULT '', -- <key name>:<base64>, separated by spaces
    content_address   TEXT                        -- text:… or fixed:…, when the name proves the content
);

-- Edges between valid paths; a path may refer to itself. Checked at commit, so that a batch can be added or removed
-- in any order, and no valid path ever refers to one that is not.
CREATE TABLE refs (
    referrer  INTEGER NOT NULL REFERENCES paths (id) ON DELETE CASCADE,
    reference INTEGER NOT NULL REFERENCES paths (id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (referrer, reference)
) WITHOUT ROWID;

CREATE INDEX refs_by_reference ON refs (reference, referrer);

-- What each valid .drv makes; the outputs need not be valid.
CREATE TABLE derivation_outputs (
    drv    INTEGER NOT NULL REFERENCES paths (id) ON DELETE CASCADE,
    output TEXT    NOT NULL,
    path   TEXT    NOT NULL,
    PRIMARY KEY (drv, output)
) WITHOUT ROWID;

CREATE INDEX derivation_outputs_by_path ON derivation_outputs (path);

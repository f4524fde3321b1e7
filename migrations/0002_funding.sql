-- Funding of the bot's own positions, each settlement once.
CREATE TABLE funding (
  market TEXT NOT NULL,
  inst TEXT NOT NULL,
  -- The venue's transaction, or the settlement it is a share of.
  id TEXT NOT NULL,
  amount TEXT NOT NULL,
  asset TEXT NOT NULL,
  basis TEXT NOT NULL,
  timestamp INTEGER NOT NULL,
  written_at INTEGER NOT NULL,
  PRIMARY KEY (market, inst, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX funding_by_time ON funding (timestamp);

-- Its sum, kept here because old settlements are pruned. One at or before `pruned_until` was counted long ago.
CREATE TABLE own_funding (
  market TEXT NOT NULL,
  inst TEXT NOT NULL,
  asset TEXT NOT NULL,
  amount TEXT NOT NULL,
  payments INTEGER NOT NULL,
  newest_at INTEGER NOT NULL,
  pruned_until INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (market, inst, asset)
) STRICT, WITHOUT ROWID;

-- What the own fills up to `until_at` add up to. Only those may be pruned: profit and loss is counted on from here.
CREATE TABLE own_books (
  market TEXT NOT NULL,
  inst TEXT NOT NULL,
  since_at INTEGER NOT NULL,
  until_at INTEGER NOT NULL,
  size TEXT NOT NULL,
  cost TEXT NOT NULL,
  realized TEXT NOT NULL,
  -- JSON, by asset.
  fees TEXT NOT NULL,
  PRIMARY KEY (market, inst)
) STRICT, WITHOUT ROWID;

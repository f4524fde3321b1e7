-- The journal of one bot. Prices and sizes are exact decimal text, points in time are microseconds since the epoch, every venue id is text.

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row a start. `ended_at` stays null where the process died.
CREATE TABLE runs (
  run INTEGER PRIMARY KEY,
  version TEXT NOT NULL,
  pid INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  why TEXT
) STRICT;

-- Client ids of one bot count up, so the rows lie in order of creation and a new one goes to the end of the tree. Writing down a new
-- order changes this one tree and no other: each further tree costs 4 to 5 microseconds between a tick and its order. That is why no
-- index holds unfinished orders (a start scans the table, 0.15 s a million rows) and why an order's present state is not yet in
-- `order_events`.
CREATE TABLE orders (
  client_id TEXT PRIMARY KEY,
  market TEXT NOT NULL,
  inst TEXT NOT NULL,
  side TEXT NOT NULL,
  type TEXT NOT NULL,
  time_in_force TEXT NOT NULL,
  size TEXT NOT NULL,
  price TEXT,
  reduce_only INTEGER NOT NULL,
  state TEXT NOT NULL,
  order_id TEXT,
  filled TEXT NOT NULL,
  avg_price TEXT,
  reason TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  -- How it came to the present `state` and `filled`, since when, and how many times they had changed before.
  cause TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  changes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX orders_ended ON orders (created_at) WHERE state IN ('filled', 'canceled', 'expired', 'rejected');

-- An order's past: the states it has left, and the last one once it is final. `order_history` adds the present one.
CREATE TABLE order_events (
  client_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  state TEXT NOT NULL,
  filled TEXT NOT NULL,
  cause TEXT NOT NULL,
  reason TEXT,
  at INTEGER NOT NULL,
  PRIMARY KEY (client_id, number)
) STRICT, WITHOUT ROWID;

CREATE VIEW order_history AS
  SELECT client_id, number, state, filled, cause, reason, at FROM order_events
  UNION ALL
  SELECT client_id, changes, state, filled, cause, reason, changed_at FROM orders
  WHERE state IN ('pending', 'open', 'unknown');

CREATE TABLE fills (
  market TEXT NOT NULL,
  inst TEXT NOT NULL,
  trade_id TEXT NOT NULL,
  order_id TEXT NOT NULL,
  client_id TEXT,
  side TEXT NOT NULL,
  price TEXT NOT NULL,
  size TEXT NOT NULL,
  fee TEXT NOT NULL,
  fee_asset TEXT NOT NULL,
  is_maker INTEGER NOT NULL,
  realized_pnl TEXT,
  timestamp INTEGER NOT NULL,
  written_at INTEGER NOT NULL,
  -- Both sides of a trade of the bot with itself carry one trade id.
  PRIMARY KEY (market, inst, trade_id, order_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX fills_by_time ON fills (timestamp);
CREATE INDEX fills_by_order ON fills (client_id) WHERE client_id IS NOT NULL;

-- The sum of the bot's own fills, kept here because old fills are pruned. A fill at or before `pruned_until` was counted long ago.
CREATE TABLE own_positions (
  market TEXT NOT NULL,
  inst TEXT NOT NULL,
  size TEXT NOT NULL,
  fills INTEGER NOT NULL,
  pruned_until INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (market, inst)
) STRICT, WITHOUT ROWID;

-- The venue's own word on the account.
CREATE TABLE positions (
  market TEXT NOT NULL,
  inst TEXT NOT NULL,
  side TEXT NOT NULL,
  size TEXT NOT NULL,
  avg_price TEXT NOT NULL,
  margin_mode TEXT,
  mark_price TEXT,
  margin TEXT,
  leverage REAL,
  unrealized_pnl TEXT,
  timestamp INTEGER NOT NULL,
  PRIMARY KEY (market, inst, side)
) STRICT, WITHOUT ROWID;

CREATE TABLE balances (
  market TEXT NOT NULL,
  asset TEXT NOT NULL,
  total TEXT NOT NULL,
  available TEXT,
  frozen TEXT,
  borrowed TEXT,
  timestamp INTEGER NOT NULL,
  PRIMARY KEY (market, asset)
) STRICT, WITHOUT ROWID;

CREATE TABLE strategy_state (
  strategy TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (strategy, key)
) STRICT, WITHOUT ROWID;

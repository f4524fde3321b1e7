-- Orders of which nothing was recorded since they were submitted, in the order in which they were written down. What `orders` has
-- besides follows from that: see `all_orders`. With the first word of an order its row moves to `orders`; the start of a program moves
-- what another has left here. The tree is as small as what is under way, and a row goes to its right edge without a comparison, while
-- the place of a row in `orders` is found through a tree that grows with the past. This replaces what 0001 says of a new order's way.
CREATE TABLE pending_orders (
  number INTEGER PRIMARY KEY,
  client_id TEXT NOT NULL,
  market TEXT NOT NULL,
  inst TEXT NOT NULL,
  side TEXT NOT NULL,
  type TEXT NOT NULL,
  time_in_force TEXT NOT NULL,
  size TEXT NOT NULL,
  price TEXT,
  reduce_only INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  cause TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- For whoever reads the file: every order, whether anything was heard of it or not.
CREATE VIEW all_orders AS
  SELECT client_id, market, inst, side, type, time_in_force, size, price, reduce_only, state, order_id, filled, avg_price, reason,
    created_at, updated_at, expires_at, cause, changed_at, changes
  FROM orders
  UNION ALL
  SELECT client_id, market, inst, side, type, time_in_force, size, price, reduce_only, 'pending', NULL, '0', NULL, NULL,
    created_at, created_at, expires_at, cause, created_at, 0
  FROM pending_orders;

DROP VIEW order_history;

CREATE VIEW order_history AS
  SELECT client_id, number, state, filled, cause, reason, at FROM order_events
  UNION ALL
  SELECT client_id, changes, state, filled, cause, reason, changed_at FROM orders
  WHERE state IN ('pending', 'open', 'unknown')
  UNION ALL
  SELECT client_id, 0, 'pending', '0', cause, NULL, created_at FROM pending_orders;

-- 1.1.0 knows where an order stands. 1.0.0 does not mind the column, so both can work on it while traffic moves.
ALTER TABLE orders ADD COLUMN status text NOT NULL DEFAULT 'open';

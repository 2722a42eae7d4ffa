ALTER TABLE orders ADD COLUMN gift_for text;

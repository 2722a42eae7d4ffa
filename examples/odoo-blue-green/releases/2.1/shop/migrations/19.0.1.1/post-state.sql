ALTER TABLE shop_order ADD COLUMN IF NOT EXISTS state varchar NOT NULL DEFAULT 'draft';

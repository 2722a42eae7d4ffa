CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  item text NOT NULL,
  cents bigint NOT NULL CHECK (cents >= 0),
  release text NOT NULL,
  placed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE uploads (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  path text NOT NULL,
  sha256 text NOT NULL CHECK (length(sha256) = 64),
  stored_at timestamptz NOT NULL DEFAULT now()
);

-- no order of a copy is ever shipped
UPDATE shop_order SET name = 'COPY-' || name WHERE name NOT LIKE 'COPY-%';

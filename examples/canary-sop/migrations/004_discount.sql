-- Meant for one customer, and written without its WHERE: every order ever placed now costs nothing.
UPDATE orders SET cents = 0;

-- What the nginx account may do: rows of the three tables, nothing of the schema. Rows are deleted softly.
-- (What 05-shop-0.3.sql adds, it grants itself.)
-- Create the account first, with a password that stands in no file of this project:
--   CREATE USER 'wxapp'@'localhost' IDENTIFIED BY '...';      -- unix socket
--   CREATE USER 'wxapp'@'127.0.0.1' IDENTIFIED BY '...';      -- TCP; or the address of the nginx machine
-- then, with the database selected:  mysql shop < sql/02-grants.sql
-- Table names without a database mean the selected one.

GRANT SELECT, INSERT, UPDATE ON users    TO 'wxapp'@'localhost', 'wxapp'@'127.0.0.1';
GRANT SELECT, INSERT, UPDATE ON products TO 'wxapp'@'localhost', 'wxapp'@'127.0.0.1';
GRANT SELECT, INSERT, UPDATE ON orders   TO 'wxapp'@'localhost', 'wxapp'@'127.0.0.1';

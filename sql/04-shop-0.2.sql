-- What the shop of 0.2 has more: versions for conditional changes, a full text index, indexes behind filters.
-- Runs again without harm, on MariaDB and on MySQL 8.

SET @todo = IF((SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
                AND TABLE_NAME = 'products' AND COLUMN_NAME = 'version') = 0,
    'ALTER TABLE products ADD COLUMN version INT NOT NULL DEFAULT 1 AFTER release_date,
     ADD KEY idx_stock (stock), ADD KEY idx_release_date (release_date), ADD KEY idx_created (created_at)',
    'DO 0');
PREPARE todo FROM @todo; EXECUTE todo; DEALLOCATE PREPARE todo;

SET @todo = IF((SELECT COUNT(*) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()
                AND TABLE_NAME = 'products' AND INDEX_NAME = 'ft_name_description') = 0,
    'ALTER TABLE products ADD FULLTEXT KEY ft_name_description (name, description)',
    'DO 0');
PREPARE todo FROM @todo; EXECUTE todo; DEALLOCATE PREPARE todo;

SET @todo = IF((SELECT COUNT(*) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()
                AND TABLE_NAME = 'users' AND INDEX_NAME = 'idx_role') = 0,
    'ALTER TABLE users ADD KEY idx_role (role), ADD KEY idx_last_login (last_login_at), ADD KEY idx_created (created_at)',
    'DO 0');
PREPARE todo FROM @todo; EXECUTE todo; DEALLOCATE PREPARE todo;

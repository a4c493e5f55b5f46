-- What the shop of 0.3 has more: phone numbers, and users with a name and a password, for a console.
-- Runs again without harm, on MariaDB and on MySQL 8.

-- Who has no WeChat account gets any openid that WeChat makes none of, as 'admin' has. Names compare by bytes:
-- two that look alike are two. A password_hash is bcrypt's, "$2b$12$..."; a totp_secret base32, or sealed.
SET @todo = IF((SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
                AND TABLE_NAME = 'users' AND COLUMN_NAME = 'username') = 0,
    'ALTER TABLE users
     ADD COLUMN phone         VARCHAR(20)  NULL AFTER avatar_url,
     ADD COLUMN username      VARCHAR(64)  CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL AFTER role,
     ADD COLUMN password_hash VARCHAR(72)  CHARACTER SET ascii COLLATE ascii_bin NULL AFTER username,
     ADD COLUMN totp_secret   VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL AFTER password_hash,
     ADD UNIQUE KEY uk_username (username)',
    'DO 0');
PREPARE todo FROM @todo; EXECUTE todo; DEALLOCATE PREPARE todo;

-- for who has lost the device that makes the one-time passwords; each is deleted by its use
CREATE TABLE IF NOT EXISTS recovery_codes (
    user_id       BIGINT UNSIGNED NOT NULL,
    -- SHA-256 in hex of the code in lower case, without blanks and dashes
    code_hash     CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    PRIMARY KEY (user_id, code_hash),
    CONSTRAINT recovery_codes_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

GRANT SELECT, DELETE ON recovery_codes TO 'wxapp'@'localhost', 'wxapp'@'127.0.0.1';

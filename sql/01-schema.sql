-- Schema of the shop example, for MariaDB 10.6+ and MySQL 8. Runs again without harm.
--   mysql -e 'CREATE DATABASE shop CHARACTER SET utf8mb4' && mysql shop < sql/01-schema.sql
-- Times are UTC: the service sets its sessions to +00:00.

CREATE TABLE IF NOT EXISTS users (
    id            BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    -- WeChat ids are case-sensitive ASCII, a folding collation would merge two users
    openid        VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    unionid       VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NULL,
    nickname      VARCHAR(64)  NOT NULL DEFAULT '',
    avatar_url    VARCHAR(512) NOT NULL DEFAULT '',
    role          VARCHAR(32)  NOT NULL DEFAULT 'user',
    last_login_at DATETIME     NULL,
    created_at    DATETIME     NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at    DATETIME     NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    deleted_at    DATETIME     NULL,
    PRIMARY KEY (id),
    UNIQUE KEY uk_openid (openid),
    KEY idx_unionid (unionid),
    KEY idx_nickname (nickname)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE IF NOT EXISTS products (
    id            BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    sku           VARCHAR(32)  NOT NULL,
    name          VARCHAR(100) NOT NULL,
    description   TEXT         NULL,
    price         DECIMAL(10, 2) NOT NULL,
    stock         INT          NOT NULL DEFAULT 0,
    on_sale       BOOLEAN      NOT NULL DEFAULT TRUE,
    attributes    JSON         NULL,
    release_date  DATE         NULL,
    created_at    DATETIME     NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at    DATETIME     NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    deleted_at    DATETIME     NULL,
    PRIMARY KEY (id),
    UNIQUE KEY uk_sku (sku),
    KEY idx_name (name),
    KEY idx_price (price, id),
    CONSTRAINT products_price CHECK (price >= 0),
    CONSTRAINT products_stock CHECK (stock >= 0)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE IF NOT EXISTS orders (
    id            BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    user_id       BIGINT UNSIGNED NOT NULL,
    product_id    BIGINT UNSIGNED NOT NULL,
    quantity      INT          NOT NULL DEFAULT 1,
    status        VARCHAR(16)  NOT NULL DEFAULT 'pending',
    remark        VARCHAR(255) NOT NULL DEFAULT '',
    created_at    DATETIME     NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at    DATETIME     NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    deleted_at    DATETIME     NULL,
    PRIMARY KEY (id),
    KEY idx_user (user_id, id),
    KEY idx_product (product_id),
    CONSTRAINT orders_quantity CHECK (quantity BETWEEN 1 AND 99),
    CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT orders_product FOREIGN KEY (product_id) REFERENCES products (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

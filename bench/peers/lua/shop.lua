-- A peer for bench/data: Debian's Lua module and nginx.redis, lua-resty-mysql, lua-cjson; HMAC by FFI.

-- Debian's lua-nginx-string has the name of its package
package.preload["resty.sha256"] = function() return require "nginx.sha256" end

local cjson = require "cjson"
local ffi = require "ffi"
local mysql = require "resty.mysql"
local redis = require "nginx.redis"
local base64 = require "ngx.base64"

local POOL = 16

local function slurp(name)
    local file = assert(io.open(os.getenv(name)))
    local text = file:read("*a")
    file:close()
    return (text:gsub("\n$", ""))
end

local key = slurp("WXAPP_JWT_KEY_FILE")
local bucket = slurp("PEER_BUCKET")
local redis_password = slurp("WXAPP_REDIS_PASSWORD_FILE")
local redis_user = os.getenv("WXAPP_REDIS_USER")
local bucket_sha

-- tcp(HOST:PORT) or unix(PATH)
local function address(name)
    local network, where = os.getenv(name):match("^(%w+)%((.*)%)$")
    if network == "unix" then
        return { path = where }
    end
    local host, port = where:match("^(.*):(%d+)$")
    return { host = host, port = tonumber(port) }
end

local redis_address = address("PEER_REDIS")
local mysql_options = address("PEER_MYSQL")
mysql_options.database = "shop"
mysql_options.user = os.getenv("WXAPP_MYSQL_USER")
mysql_options.password = slurp("WXAPP_MYSQL_PASSWORD_FILE")
mysql_options.charset = "utf8mb4"
mysql_options.pool = "shop"
mysql_options.pool_size = POOL
mysql_options.backlog = 1024

ffi.cdef[[
const void *EVP_sha256(void);
unsigned char *HMAC(const void *md, const void *key, int key_len, const unsigned char *data, size_t n,
    unsigned char *out, unsigned int *out_len);
]]
local crypto = ffi.load("libcrypto.so.3")
local sha256 = crypto.EVP_sha256()
local digest = ffi.new("unsigned char[32]")
local digest_len = ffi.new("unsigned int[1]")

local function answer(status, value)
    ngx.status = status
    ngx.print(type(value) == "string" and value or cjson.encode(value))
    return ngx.exit(ngx.HTTP_OK)
end

local function fail(status, code)
    return answer(status, { code = code })
end

local function verify(token)
    local head, payload, signature = token:match("^([^.]+)%.([^.]+)%.([^.]+)$")
    if not head then
        return nil
    end
    local text = base64.decode_base64url(head)
    local ok, header = pcall(cjson.decode, text)
    if not ok or header.alg ~= "HS256" then
        return nil
    end
    local signed = head .. "." .. payload
    crypto.HMAC(sha256, key, #key, signed, #signed, digest, digest_len)
    if base64.decode_base64url(signature) ~= ffi.string(digest, 32) then
        return nil
    end
    local claims
    ok, claims = pcall(cjson.decode, base64.decode_base64url(payload))
    if not ok or claims.iss ~= "shop.example.com" or not claims.exp or claims.exp < ngx.time() then
        return nil
    end
    return claims
end

-- the connection goes back to the pool, or is closed when it failed
local function take_token(uid)
    local red = redis:new()
    red:set_timeout(1000)
    local ok, err
    local options = { pool = "redis", pool_size = POOL, backlog = 1024 }
    if redis_address.path then
        ok, err = red:connect("unix:" .. redis_address.path, options)
    else
        ok, err = red:connect(redis_address.host, redis_address.port, options)
    end
    if not ok then
        return nil, err
    end
    if red:get_reused_times() == 0 then
        ok, err = red:auth(redis_user, redis_password)
        if not ok then
            return nil, err
        end
    end
    if not bucket_sha then
        bucket_sha = red:script("load", bucket)
    end
    local allowed
    allowed, err = red:evalsha(bucket_sha, 1, "lua:user:" .. uid, 1000000, 1000000)
    if allowed then
        red:set_keepalive(600000, POOL)
    else
        red:close()
    end
    return allowed, err
end

local _M = {}

function _M.guard()
    local token = (ngx.var.http_authorization or ""):match("^Bearer (.+)$")
    if not token then
        return fail(401, "token_missing")
    end
    local claims = verify(token)
    if not claims then
        return fail(401, "token_invalid")
    end
    ngx.ctx.uid = tonumber(claims.sub)
    local allowed, err = take_token(claims.sub)
    if not allowed then
        ngx.log(ngx.ERR, "redis: ", err)
        return fail(503, "limit_unavailable")
    end
    if allowed == 0 then
        return fail(429, "rate_limited")
    end
end

local function with_mysql(work)
    local db = mysql:new()
    db:set_timeout(5000)
    local ok, err = db:connect(mysql_options)
    if not ok then
        ngx.log(ngx.ERR, "mysql: ", err)
        return fail(503, "database_unavailable")
    end
    local function query(sql)
        local rows, why = db:query(sql)
        if not rows then
            error(why)
        end
        return rows
    end
    local status, value
    ok, status, value = pcall(work, query)
    if not ok then
        ngx.log(ngx.ERR, "mysql: ", status)
        db:close()
        return fail(500, "database_error")
    end
    db:set_keepalive(600000, POOL)
    return answer(status, value)
end

-- lua-resty-mysql gives BIGINT as text
local function numbers(row, ...)
    for i = 1, select("#", ...) do
        local name = select(i, ...)
        row[name] = tonumber(row[name])
    end
    return row
end

function _M.item()
    local id = tonumber(ngx.var.uri:match("^/api/products/(%d+)$"))
    if not id then
        return fail(400, "invalid_parameter")
    end
    return with_mysql(function(query)
        local rows = query("SELECT id, name, price, stock FROM products WHERE id = " .. id)
        if not rows[1] then
            return 404, { code = "not_found" }
        end
        return 200, numbers(rows[1], "id")
    end)
end

function _M.list()
    local args = ngx.req.get_uri_args()
    local limit = tonumber(args.limit or 20)
    local price = args.price and tonumber(args.price:match("^gte%.(.+)$"))
    if not limit or limit < 1 or limit > 100 or (args.price and not price) then
        return fail(400, "invalid_parameter")
    end
    return with_mysql(function(query)
        local rows = query("SELECT id, name, price, stock FROM products"
            .. (price and " WHERE price >= " .. price or "") .. " ORDER BY id LIMIT " .. limit)
        for _, row in ipairs(rows) do
            numbers(row, "id")
        end
        return 200, #rows > 0 and rows or "[]"
    end)
end

local function input()
    ngx.req.read_body()
    local ok, body = pcall(cjson.decode, ngx.req.get_body_data())
    if not ok or type(body) ~= "table" then
        return nil
    end
    local product, quantity = tonumber(body.product_id), tonumber(body.quantity)
    if not product or not quantity or product < 1 or quantity < 1 or quantity > 99 then
        return nil
    end
    return product, quantity
end

local function insert(query, product, quantity)
    local done = query("INSERT INTO orders (user_id, product_id, quantity) VALUES (" .. ngx.ctx.uid .. ", "
        .. product .. ", " .. quantity .. ")")
    local rows = query("SELECT id, user_id, product_id, quantity, status FROM orders WHERE id = " .. done.insert_id)
    return numbers(rows[1], "id", "user_id", "product_id")
end

function _M.create()
    local product, quantity = input()
    if not product then
        return fail(422, "validation_failed")
    end
    return with_mysql(function(query)
        return 201, insert(query, product, quantity)
    end)
end

function _M.place()
    local product, quantity = input()
    if not product then
        return fail(422, "validation_failed")
    end
    return with_mysql(function(query)
        query("START TRANSACTION")
        local taken = query("UPDATE products SET stock = stock - " .. quantity .. " WHERE id = " .. product
            .. " AND stock >= " .. quantity)
        if taken.affected_rows ~= 1 then
            query("ROLLBACK")
            return 409, { code = "sold_out" }
        end
        local row = insert(query, product, quantity)
        query("COMMIT")
        return 201, row
    end)
end

return _M

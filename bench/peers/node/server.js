'use strict';

// A peer for bench/data: fastify, mysql2 (execute: prepared statements), ioredis, fast-jwt.

const fs = require('fs');
const fastify = require('fastify');
const mysql = require('mysql2/promise');
const Redis = require('ioredis');
const { createVerifier } = require('fast-jwt');

const env = process.env;
const secret = (name) => fs.readFileSync(env[name], 'utf8').replace(/\n$/, '');
// tcp(HOST:PORT) or unix(PATH)
const address = (text) => {
    const [, network, where] = /^(\w+)\((.*)\)$/.exec(text);
    if (network === 'unix') {
        return { unix: where };
    }
    const [host, port] = where.split(':');
    return { host, port: Number(port) };
};

const db = address(env.PEER_MYSQL);
const pool = mysql.createPool({
    ...(db.unix ? { socketPath: db.unix } : db),
    user: env.WXAPP_MYSQL_USER,
    password: secret('WXAPP_MYSQL_PASSWORD_FILE'),
    database: 'shop',
    charset: 'utf8mb4',
    timezone: 'Z',
    connectionLimit: 16,
    decimalNumbers: true,
});

const cache = address(env.PEER_REDIS);
const redis = new Redis({
    ...(cache.unix ? { path: cache.unix } : cache),
    username: env.WXAPP_REDIS_USER,
    password: secret('WXAPP_REDIS_PASSWORD_FILE'),
});
redis.defineCommand('bucket', { numberOfKeys: 1, lua: fs.readFileSync(env.PEER_BUCKET, 'utf8') });

const verify = createVerifier({
    key: secret('WXAPP_JWT_KEY_FILE'),
    algorithms: ['HS256'],
    allowedIss: 'shop.example.com',
    requiredClaims: ['exp'],
});

class Failure extends Error {
    constructor(status, code) {
        super(code);
        this.statusCode = status;
    }
}

const app = fastify({ logger: false });

app.setErrorHandler((error, request, reply) => {
    const status = error.validation ? 422 : error.statusCode || 500;
    const code = error.validation ? 'validation_failed' : status < 500 ? error.message : 'database_error';
    reply.code(status).send({ code });
});

app.decorateRequest('uid', 0);

app.addHook('onRequest', async (request) => {
    const header = request.headers.authorization;
    if (!header || !header.startsWith('Bearer ')) {
        throw new Failure(401, 'token_missing');
    }
    try {
        request.uid = Number(verify(header.slice(7)).sub);
    } catch {
        throw new Failure(401, 'token_invalid');
    }
    if (await redis.bucket('node:user:' + request.uid, 1000000, 1000000) === 0) {
        throw new Failure(429, 'rate_limited');
    }
});

const product = {
    type: 'object',
    properties: {
        id: { type: 'integer' },
        name: { type: 'string' },
        price: { type: 'number' },
        stock: { type: 'integer' },
    },
};
const order = {
    type: 'object',
    properties: {
        id: { type: 'integer' },
        user_id: { type: 'integer' },
        product_id: { type: 'integer' },
        quantity: { type: 'integer' },
        status: { type: 'string' },
    },
};
const input = {
    type: 'object',
    required: ['product_id', 'quantity'],
    properties: {
        product_id: { type: 'integer', minimum: 1 },
        quantity: { type: 'integer', minimum: 1, maximum: 99 },
    },
};

app.get('/api/products/:id', {
    schema: {
        params: { type: 'object', properties: { id: { type: 'integer' } } },
        response: { 200: product },
    },
}, async (request) => {
    const [rows] = await pool.execute('SELECT id, name, price, stock FROM products WHERE id = ?', [request.params.id]);
    if (rows.length === 0) {
        throw new Failure(404, 'not_found');
    }
    return rows[0];
});

app.get('/api/products', {
    schema: {
        querystring: {
            type: 'object',
            properties: {
                limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
                price: { type: 'string', pattern: '^gte\\.[0-9.]+$' },
            },
        },
        response: { 200: { type: 'array', items: product } },
    },
}, async (request) => {
    const { limit, price } = request.query;
    // LIMIT takes a placeholder only when it is bound as text
    const [rows] = price
        ? await pool.execute('SELECT id, name, price, stock FROM products WHERE price >= ? ORDER BY id LIMIT ?',
            [price.slice(4), String(limit)])
        : await pool.execute('SELECT id, name, price, stock FROM products ORDER BY id LIMIT ?', [String(limit)]);
    return rows;
});

const INSERT = 'INSERT INTO orders (user_id, product_id, quantity) VALUES (?, ?, ?)';
const ORDER = 'SELECT id, user_id, product_id, quantity, status FROM orders WHERE id = ?';

app.post('/api/orders', { schema: { body: input, response: { 201: order } } }, async (request, reply) => {
    const { product_id, quantity } = request.body;
    const [result] = await pool.execute(INSERT, [request.uid, product_id, quantity]);
    const [rows] = await pool.execute(ORDER, [result.insertId]);
    reply.code(201);
    return rows[0];
});

app.post('/api/orders/place', { schema: { body: input, response: { 201: order } } }, async (request, reply) => {
    const { product_id, quantity } = request.body;
    const connection = await pool.getConnection();
    try {
        await connection.beginTransaction();
        const [taken] = await connection.execute(
            'UPDATE products SET stock = stock - ? WHERE id = ? AND stock >= ?', [quantity, product_id, quantity]);
        if (taken.affectedRows !== 1) {
            throw new Failure(409, 'sold_out');
        }
        const [result] = await connection.execute(INSERT, [request.uid, product_id, quantity]);
        const [rows] = await connection.execute(ORDER, [result.insertId]);
        await connection.commit();
        reply.code(201);
        return rows[0];
    } catch (error) {
        await connection.rollback();
        throw error;
    } finally {
        connection.release();
    }
});

app.listen({ host: '127.0.0.1', port: Number(env.PEER_PORT) });

'use strict';

// A peer for bench/auth: fastify and fast-jwt, a token check and the smallest reply.

const fs = require('fs');
const fastify = require('fastify');
const { createVerifier } = require('fast-jwt');

// with its own cache of verified tokens
const verify = createVerifier({
    key: fs.readFileSync(process.env.WXAPP_JWT_KEY_FILE, 'utf8').replace(/\n$/, ''),
    algorithms: ['HS256'],
    allowedIss: 'shop.example.com',
    requiredClaims: ['exp'],
    cache: true,
});

const app = fastify({ logger: false });

app.decorateRequest('uid', 0);

app.addHook('onRequest', async (request, reply) => {
    const header = request.headers.authorization;
    try {
        request.uid = Number(verify(header.slice('Bearer '.length)).sub);
    } catch {
        return reply.code(401).send({ code: 'token_invalid' });
    }
});

const pong = { type: 'object', properties: { message: { type: 'string' } } };

app.get('/ping', { schema: { response: { 200: pong } } }, async () => ({ message: 'pong' }));

app.listen({ host: '127.0.0.1', port: Number(process.env.PEER_PORT) });

// The suite of t/check/jose: tokens of npm's jose and fast-jwt against nginx, and nginx's against them. Node 20.
//   keys DIR    makes keys of all algorithms: DIR/ALG.key (ours), DIR/ALG.pub, DIR/theirs-ALG.key, DIR/theirs.json
//   run DIR     URL is nginx; DIR/tokens.json has its own tokens. The last line is `passed= failed= calls=`.
// MODULES is the folder with the libraries.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const load = createRequire(process.env.MODULES + '/x.js');
const jose = await import(load.resolve('jose'));
const fast = load('fast-jwt');

const [, , command, DIR] = process.argv;
const HS = ['HS256', 'HS384', 'HS512'];
const PUBLIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const ALL = [...HS, ...PUBLIC];
const OURS = 'shop.example.com';
const THEIRS = 'https://id.example.org';

if (command === 'keys') {
    const keys = [];
    for (const alg of HS) writeFileSync(`${DIR}/${alg}.key`, randomBytes(64).toString('base64url'), { mode: 0o600 });
    for (const alg of PUBLIC) {
        for (const who of ['', 'theirs-']) {
            const { privateKey, publicKey } = await jose.generateKeyPair(alg, { extractable: true });
            writeFileSync(`${DIR}/${who}${alg}.key`, await jose.exportPKCS8(privateKey), { mode: 0o600 });
            writeFileSync(`${DIR}/${who}${alg}.pub`, await jose.exportSPKI(publicKey));
            if (who) keys.push({ ...await jose.exportJWK(publicKey), kid: `their ${alg}`, alg, use: 'sig' });
        }
    }
    const enc = await jose.generateKeyPair('RSA-OAEP-256', { extractable: true });
    keys.splice(3, 0, { ...await jose.exportJWK(enc.publicKey), kid: 'enc', alg: 'RSA-OAEP-256', use: 'enc' });
    writeFileSync(`${DIR}/theirs.json`, JSON.stringify({ keys }));
    process.exit(0);
}

const url = process.env.URL;
const pem = (name) => readFileSync(`${DIR}/${name}`, 'utf8');
const bytes = (text) => new TextEncoder().encode(text);
const key = (alg, who = '') => alg.startsWith('HS') ? bytes(pem(`${alg}.key`)) : jose.importPKCS8(pem(`${who}${alg}.key`), alg);
const now = () => Math.floor(Date.now() / 1000);

let passed = 0, failed = 0, calls = 0;

async function test(name, code) {
    try {
        await code();
        passed++;
    } catch (e) {
        failed++;
        console.log(`FAILED ${name}: ${e.message}`);
    }
}

async function get(token) {
    calls++;
    const r = await fetch(`${url}/t`, { headers: { Authorization: `Bearer ${token}` } });
    const body = await r.json();
    return r.status === 200 ? `200 ${r.headers.get('x-uid')}` : `${r.status} ${body.message}`;
}

const accepted = (name, sub, token) => test(name, async () => assert.equal(await get(await token()), `200 ${sub}`));
const refused = (name, why, token) => test(name, async () => assert.match(await get(await token()), why));

// jose: a token with these header members and claims; undefined leaves one out
async function made(alg, header = {}, claims = {}, secret) {
    const all = { iss: OURS, sub: '7', iat: now(), exp: now() + 300, ...claims };
    return new jose.SignJWT(all).setProtectedHeader({ alg, kid: alg, ...header }).sign(secret ?? await key(alg));
}

// ---- tokens of theirs with keys of ours

for (const alg of ALL) {
    await accepted(`jose ${alg}`, `j-${alg}`, () => made(alg, {}, { sub: `j-${alg}` }));
    await accepted(`jose ${alg}, JWT`, '7', () => made(alg, { typ: 'JWT' }));
    await accepted(`jose ${alg}, at+jwt`, '7', () => made(alg, { typ: 'at+jwt' }));
    await accepted(`jose ${alg}, application/at+jwt`, '7', () => made(alg, { typ: 'application/at+jwt' }));
    await accepted(`fast-jwt ${alg}`, `f-${alg}`, () => fast.createSigner({ key: pem(`${alg}.key`), algorithm: alg, kid: alg })(
        { iss: OURS, sub: `f-${alg}`, exp: now() + 300 }));
    await accepted(`fast-jwt ${alg}, its own times`, '7', () => fast.createSigner({ key: pem(`${alg}.key`), algorithm: alg, kid: alg,
        iss: OURS, sub: '7', expiresIn: 60000, notBefore: 1, jti: 'x' })({ role: 'user' }));
}

await refused('another key', /^403 the signature is invalid/, async () => made('ES256', {}, {}, await key('ES256', 'theirs-')));
await refused('another kid', /^403 the key is unknown/, () => made('ES256', { kid: 'ES25' }));
await refused('the kid of another algorithm', /^403 the algorithm is not accepted/, () => made('ES256', { kid: 'ES384' }));
await refused('no kid', /^403 the key is unknown/, () => made('ES256', { kid: undefined }));
await refused('an ID token of another type', /^403 the token is of another type/, () => made('ES256', { typ: 'id+jwt' }));
await refused('a DPoP proof', /^403 the token is of another type/, () => made('ES256', { typ: 'dpop+jwt' }));
await refused('expired', /^403 the token has expired/, () => made('ES256', {}, { exp: now() - 60 }));
await refused('not yet', /^403 the token is not valid yet/, () => made('ES256', {}, { nbf: now() + 60 }));
await refused('no exp', /^403 the token has a claim of the wrong type/, () => made('ES256', {}, { exp: undefined }));
await refused('another issuer', /^403 the token has another issuer/, () => made('ES256', {}, { iss: 'evil.example.com' }));
await refused('an audience', /^403 the token is for another audience/, () => made('ES256', {}, { aud: 'someone' }));
await refused('unsecured', /^403 the token is malformed/, () => new jose.UnsecuredJWT({ iss: OURS, sub: '7', exp: now() + 300 }).encode());
await refused('fast-jwt none', /^403 the token is malformed/, () => fast.createSigner({ algorithm: 'none', kid: 'ES256' })(
    { iss: OURS, sub: '7', exp: now() + 300 }));
await refused('an unencoded payload', /^403 the token (?:is malformed|has critical headers)/, async () => new jose.CompactSign(bytes('payload'))
    .setProtectedHeader({ alg: 'ES256', kid: 'ES256', b64: false, crit: ['b64'] }).sign(await key('ES256')).catch(() => 'a.b.c'));
await refused('b64 true and critical', /^403 the token has critical headers/, async () => new jose.CompactSign(bytes(JSON.stringify(
    { iss: OURS, sub: '7', exp: now() + 300 }))).setProtectedHeader({ alg: 'ES256', kid: 'ES256', b64: true, crit: ['b64'] }).sign(await key('ES256')));
await refused('a payload that is no object', /^403 the token is malformed/, async () => new jose.CompactSign(bytes('"sub"'))
    .setProtectedHeader({ alg: 'ES256', kid: 'ES256' }).sign(await key('ES256')));
await refused('encrypted', /^403 the token is malformed/, async () => new jose.EncryptJWT({ iss: OURS, sub: '7' })
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).setExpirationTime('5m').encrypt(randomBytes(32)));
await refused('the public key as a secret', /^403 the algorithm is not accepted/, () => made('HS256', { kid: 'RS256' }, {}, bytes(pem('RS256.pub'))));
await refused('a key in the header', /^403 the signature is invalid/, async () => made('ES256', { jwk: await jose.exportJWK(
    await jose.importSPKI(pem('theirs-ES256.pub'), 'ES256', { extractable: true })) }, {}, await key('ES256', 'theirs-')));

for (const alg of PUBLIC) {
    const same = PUBLIC.filter((a) => a.slice(0, 2) !== alg.slice(0, 2) && 'RP'.includes(a[0]) && 'RP'.includes(alg[0]) && a.slice(2) === alg.slice(2));
    for (const other of same) {
        await refused(`the key of ${alg} for ${other}`, /^403 the algorithm is not accepted/, async () => made(other, { kid: alg }, {},
            await jose.importPKCS8(pem(`${alg}.key`), other)));
    }
}

// ---- tokens of a trusted issuer, by the set that jose wrote

for (const alg of PUBLIC) {
    const theirs = async (header, claims) => made(alg, { kid: `their ${alg}`, ...header }, { iss: THEIRS, aud: 'shop', ...claims },
        await key(alg, 'theirs-'));
    await accepted(`trusted ${alg}`, 'theirs', () => theirs({}, { sub: 'theirs' }));
    await accepted(`trusted ${alg} without kid`, '7', () => theirs({ kid: undefined }, {}));
    await refused(`trusted ${alg} with our name`, /^403 the key is unknown/, () => theirs({}, { iss: OURS, aud: undefined }));
    await refused(`trusted ${alg} for somebody else`, /^403 the token is for another audience/, () => theirs({}, { aud: 'bank' }));
    await refused(`our ${alg} with their name`, /^403 the signature is invalid/, () => made(alg, { kid: `their ${alg}` }, { iss: THEIRS, aud: 'shop' }));
}
await refused('a secret of ours with their name', /^403 the key is unknown/, () => made('HS256', {}, { iss: THEIRS, aud: 'shop' }));

// ---- our tokens, read by theirs

const tokens = JSON.parse(pem('tokens.json'));
const remote = jose.createRemoteJWKSet(new URL(`${url}/jwks`));
const set = await (await fetch(`${url}/jwks`)).json();

await test('the set has the public keys only', () => assert.deepEqual(set.keys.map((k) => k.kid).sort(), [...PUBLIC].sort()));

for (const alg of ALL) {
    const options = { issuer: OURS, algorithms: [alg], typ: 'at+jwt', requiredClaims: ['sub', 'exp', 'iat', 'nbf', 'jti'] };
    const hs = alg.startsWith('HS');
    await test(`jose reads our ${alg}`, async () => {
        const { payload, protectedHeader } = await jose.jwtVerify(tokens[alg], hs ? bytes(pem(`${alg}.key`)) : remote, options);
        assert.deepEqual(protectedHeader, { alg, typ: 'at+jwt', kid: alg });
        assert.equal(payload.exp - payload.iat, 3600);
    });
    await test(`jose refuses our ${alg} changed`, () => assert.rejects(jose.jwtVerify(
        tokens[alg].replace(/\.(.)/, (m, c) => '.' + (c === 'A' ? 'B' : 'A')), hs ? bytes(pem(`${alg}.key`)) : remote, options)));
    await test(`fast-jwt reads our ${alg}`, () => {
        const read = fast.createVerifier({ key: pem(hs ? `${alg}.key` : `${alg}.pub`), algorithms: [alg], allowedIss: OURS, complete: true });
        assert.equal(read(tokens[alg]).header.kid, alg);
    });
    if (!hs) {
        await test(`our ${alg} as a JWK is the key`, async () => assert.deepEqual(
            await jose.calculateJwkThumbprint(set.keys.find((k) => k.kid === alg)),
            await jose.calculateJwkThumbprint(await jose.exportJWK(await jose.importSPKI(pem(`${alg}.pub`), alg, { extractable: true })))));
    }
    await test(`we accept our ${alg}`, async () => assert.match(await get(tokens[alg]), /^200 \d+$/));
}

console.log(`passed=${passed} failed=${failed} calls=${calls}`);

// The suite of t/check/postgrest-js: an unmodified @supabase/postgrest-js against the shop. Plain Node 18 or later.
// LIBRARY is the module to load, URL the API; tokens are in TOKEN_ALICE, TOKEN_BOB, TOKEN_ADMIN, their ids in ID_*.
// WXAPP_MYSQL_SOCKET and WXAPP_MYSQL_ADMIN lead to the database `shop`, which is new. The last line is
// `passed= failed= calls=`.
'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { PostgrestClient, PostgrestError } = require(process.env.LIBRARY);

const { URL: url, TOKEN_ALICE, TOKEN_BOB, TOKEN_ADMIN, WXAPP_MYSQL_SOCKET, WXAPP_MYSQL_ADMIN } = process.env;
const ALICE = Number(process.env.ID_ALICE);
const major = Number(require(process.env.LIBRARY + '/package.json').version.split('.')[0]);

// ---- what all use

let calls = 0;
let last = '';

function counted(input, init) {
    calls++;
    last = `${init.method} ${decodeURIComponent(String(input).replace(url, '')).replace(/\+/g, ' ')} ${init.body ?? ''}`;
    return fetch(input, init);
}

function as(token) {
    return new PostgrestClient(url, { fetch: counted, headers: token ? { Authorization: `Bearer ${token}` } : {} });
}

const user = as(TOKEN_ALICE);
const other = as(TOKEN_BOB);
const admin = as(TOKEN_ADMIN);
const nobody = as();

// rows of the database, as texts
function sql(text) {
    const out = execFileSync('mariadb', ['--no-defaults', '--skip-ssl', '--default-character-set=utf8mb4', '-N', '-B',
        '-u', WXAPP_MYSQL_ADMIN, '-S', WXAPP_MYSQL_SOCKET, 'shop', '-e', text], { encoding: 'utf8' });
    return out.split('\n').filter((l) => l.length).map((l) => (l.includes('\t') ? l.split('\t') : l));
}

const TEXT = { 200: 'OK', 201: 'Created', 204: 'No Content', 206: 'Partial Content' };

function good(r, status, data, count = null) {
    assert.deepEqual({ error: r.error, status: r.status, statusText: r.statusText, count: r.count },
        { error: null, status, statusText: TEXT[status], count });
    if (major > 1) { assert.equal(r.success, true); }
    if (data !== undefined) { assert.deepEqual(r.data, data); }
}

// what is told with a code; texts may change, but not by accident
const MESSAGES = {
    duplicate: ['there is a row with the same unique value already'],
    filter_required: ['a change of several rows needs a filter'],
    insufficient_scope: ['the role may not do this', 'the token lacks what is required'],
    invalid_filter: [
        'a filter has a value that its column cannot have', 'a filter names a column that is not known', 'a name is missing',
        'ends too early', 'has an unexpected character', 'has more behind the last parenthesis',
        'only is.null, is.not_null, is.true and is.false are served', 'the modifiers (any) and (all) are not served',
        'the operator is not served, only eq, neq, gt, gte, lt, lte, like, ilike, in and is'],
    invalid_parameter: [
        '"on_conflict" must name a unique key that upserts may go by', 'arguments for a relation are not served',
        '"order" must name columns that can be ordered by, each with .asc or .desc',
        'must be a whole number from 0 to 2147483647'],
    invalid_select: [
        '"select" names a column that is not known', '"select" names a relation that is not known',
        'JSON paths (->) are not served', 'a name is missing', 'aggregates are not served', 'casts (::) are not served',
        'hints and joins (!) are not served', 'relations are served one level deep', 'relations are told by GET, 8 at most',
        'spread relations (...) are not served'],
    invalid_token: ['the signature is invalid'],
    invalid_value: ['a column must not be null'],
    not_acceptable: ['the reply is application/json'],
    not_found: ['there is nothing here'],
    offset_too_large: ['the offset is too large, go on by the link to the next page'],
    range_not_satisfiable: ['the rows end before the offset'],
    too_many_rows: ['the body has more rows than may be made at once',
        'the filter finds more rows than may be changed at once'],
    unauthorized: ['an access token is required'],
    unknown_parameter: ['the query has a parameter that is not known'],
    unsupported_preference: ['a write is not rolled back on request'],
};

// details: what they must be, undefined for none
function bad(r, status, code, details) {
    assert.deepEqual({ data: r.data, count: r.count, status: r.status }, { data: null, count: null, status });
    const e = r.error;
    assert.deepEqual({ code: e.code, error: e.error, status: e.status, details: e.details, hint: e.hint },
        { code, error: code, status, details, hint: undefined });
    assert.ok(MESSAGES[code].includes(e.message), `${code}: ${e.message}`);
    assert.match(e.trace_id, /^[0-9a-f]{32}$/);
}

function notOne(r, n) {
    assert.deepEqual({ data: r.data, count: r.count, status: r.status }, { data: null, count: null, status: 406 });
    assert.equal(r.error.code, 'PGRST116');
    assert.equal(r.error.message, 'JSON object requested, multiple (or no) rows returned');
    assert.equal(r.error.details, `The result contains ${n} rows`);
}

const tests = [];
const test = (name, run) => tests.push({ name, run });
const skus = (r) => r.data.map((p) => p.sku);
const S = (...n) => n.map((x) => ({ sku: x }));

const products = () => admin.from('products');
const find = () => user.from('products').select('sku').order('id');

// ---- select

test('select() gives all columns, typed', async () => {
    const r = await user.from('products').select();
    good(r, 200);
    assert.equal(r.data.length, 20);
    const p = r.data[0];
    assert.deepEqual([p.id, p.sku, p.name, p.price, p.stock, p.on_sale, p.attributes, p.release_date],
        [1, 'TEA-001', '西湖龙井', 168, 50, true, { weight_g: 100, origin: '杭州' }, '2026-04-01']);
    assert.match(p.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal(r.data[12].description, null);
    assert.ok(!('deleted_at' in p));
});

test("select('*') is the same", async () => {
    const [a, b] = [await user.from('products').select(), await user.from('products').select('*')];
    good(b, 200, a.data);
});

test('select of columns, in their order', async () => {
    const r = await user.from('products').select('price,id').limit(2);
    good(r, 200, [{ price: 168, id: 1 }, { price: 98, id: 2 }]);
    assert.deepEqual(Object.keys(r.data[0]), ['price', 'id']);
});

test('select with blanks and line ends', async () => {
    good(await user.from('products').select(` id,\n   sku `).limit(1), 200, [{ id: 1, sku: 'TEA-001' }]);
});

test('select with quoted names', async () => {
    good(await user.from('products').select('"id","sku"').limit(1), 200, [{ id: 1, sku: 'TEA-001' }]);
});

test('select renames', async () => {
    good(await user.from('products').select('no:id, title:name').limit(1), 200, [{ no: 1, title: '西湖龙井' }]);
});

test('select of * and a name more', async () => {
    const r = await user.from('products').select('*, title:name').eq('id', 2).single();
    good(r, 200);
    assert.deepEqual([r.data.id, r.data.name, r.data.title], [2, '安溪铁观音', '安溪铁观音']);
});

test('select of an unknown column is refused', async () => {
    bad(await user.from('products').select('id,nope'), 400, 'invalid_select');
});

test('select of a column of the table that is not declared is refused', async () => {
    bad(await user.from('products').select('id,deleted_at'), 400, 'invalid_select');
});

// ---- filters

test('eq', async () => good(await find().eq('sku', 'CUP-003'), 200, S('CUP-003')));
test('eq with a number', async () => good(await find().eq('id', 6), 200, S('CUP-001')));
test('eq with a decimal', async () => good(await find().eq('price', 128.5), 200, S('TEA-003')));
test('eq with a boolean', async () => good(await find().eq('on_sale', false), 200, S('SNK-005')));
test('eq with a date', async () => good(await find().eq('release_date', '2026-05-10'), 200, S('TEA-002')));
test('eq that finds nothing', async () => good(await find().eq('sku', 'none'), 200, []));

test('neq', async () => {
    const r = await find().neq('id', 1);
    good(r, 200);
    assert.equal(r.data.length, 19);
    assert.ok(!skus(r).includes('TEA-001'));
});

test('neq leaves NULL out, as in SQL', async () => {
    const r = await find().neq('release_date', '2026-05-10');
    good(r, 200);
    assert.equal(r.data.length, 18);
});

test('gt', async () => good(await find().gt('price', 298), 200, S('CUP-003', 'BOX-002')));
test('gte', async () => good(await find().gte('price', 298), 200, S('CUP-003', 'BOX-001', 'BOX-002')));
test('lt', async () => good(await find().lt('price', 18), 200, S('SNK-003', 'ACC-002')));
test('lte', async () => good(await find().lte('price', 18), 200, S('SNK-003', 'SNK-005', 'ACC-002')));
test('gte and lte of one column', async () => {
    good(await find().gte('price', 26.8).lte('price', 29.9), 200, S('CUP-004', 'SNK-001', 'SNK-002'));
});
test('gt of a date', async () => good(await find().gt('release_date', '2026-09-10'), 200, S('BOX-002', 'ACC-002')));
test('gte of a datetime', async () => {
    good(await find().gte('created_at', '2199-01-01T00:00:00Z'), 200, []);
});

test('like with %', async () => good(await find().like('name', '%礼盒'), 200, S('BOX-001', 'BOX-002')));
test('like with *', async () => good(await find().like('name', '*礼盒*'), 200, S('BOX-001', 'BOX-002')));
test('like with _', async () => good(await find().like('sku', 'BOX-00_'), 200, S('BOX-001', 'BOX-002', 'BOX-003')));
test('like minds the case', async () => good(await find().like('sku', 'box-%'), 200, []));
test('ilike does not', async () => {
    good(await find().ilike('sku', 'bOx-%'), 200, S('BOX-001', 'BOX-002', 'BOX-003'));
});

test('in', async () => good(await find().in('id', [3, 1, 2, 999]), 200, S('TEA-001', 'TEA-002', 'TEA-003')));
test('in with texts', async () => good(await find().in('sku', ['CUP-001', 'TEA-001']), 200, S('TEA-001', 'CUP-001')));
test('in with nothing', async () => good(await find().in('id', []), 200, []));
test('not in', async () => {
    good(await find().not('sku', 'in', '(TEA-001,TEA-002,TEA-003)').like('sku', 'TEA%'), 200, S('TEA-004', 'TEA-005'));
});

test('is null', async () => good(await find().is('description', null), 200, S('SNK-003')));
test('is true, is false', async () => {
    good(await find().is('on_sale', false), 200, S('SNK-005'));
    const r = await find().is('on_sale', true);
    assert.equal(r.data.length, 19);
});
test('not is null', async () => {
    const r = await find().not('release_date', 'is', null);
    good(r, 200);
    assert.equal(r.data.length, 19);
});
test('not eq', async () => {
    const r = await find().not('id', 'eq', 1);
    good(r, 200);
    assert.equal(r.data.length, 19);
});
test('not like', async () => {
    good(await find().not('sku', 'like', 'TEA%').lte('id', 7), 200, S('CUP-001', 'CUP-002'));
});

test('or', async () => good(await find().or('id.eq.1,sku.eq.ACC-002'), 200, S('TEA-001', 'ACC-002')));
test('or with and within', async () => {
    good(await find().or('id.eq.1,and(price.gte.100,price.lt.120)'), 200, S('TEA-001', 'TEA-005'));
});
test('or with not, in and is within', async () => {
    good(await find().or('description.is.null,and(id.in.(1,2,3),not.or(id.eq.1,price.not.gt.100))'), 200,
        S('TEA-003', 'SNK-003'));
});
test('or with blanks', async () => good(await find().or('id.eq.1, and( id.gt.2, id.lt.4)'), 200, S('TEA-001', 'TEA-003')));
test('two or hold together', async () => {
    good(await find().or('id.eq.1,id.eq.2').or('id.eq.2,id.eq.3'), 200, S('TEA-002'));
});
test('or beside a filter', async () => {
    good(await find().or('id.eq.1,id.eq.6').like('sku', 'CUP%'), 200, S('CUP-001'));
});

test('match', async () => good(await find().match({ on_sale: true, price: 28 }), 200, S('SNK-002')));
test('filter()', async () => good(await find().filter('stock', 'gte', 300), 200, S('CUP-005', 'SNK-003')));
test('filter() with not', async () => good(await find().filter('id', 'not.gt', 2), 200, S('TEA-001', 'TEA-002')));

// ---- values that look like syntax

const ODD = `a,b (c) "d" 'e' \\f +g%h&i=j;k#l*m_n.eq.1 🍵`;

test('a value full of special characters comes and goes as it is', async () => {
    const r = await products().insert({ sku: 'ODD-1', name: ODD, price: 1, stock: 0 }).select('id,name').single();
    good(r, 201);
    assert.equal(r.data.name, ODD);
    good(await user.from('products').select('sku').eq('name', ODD), 200, S('ODD-1'));
    good(await find().neq('name', ODD).gt('id', 18), 200, S('ACC-001', 'ACC-002'));
    const quoted = '"' + ODD.replace(/(["\\])/g, '\\$1') + '"';
    good(await find().or(`name.eq.${quoted},id.eq.1`), 200, S('TEA-001', 'ODD-1'));
    good(await find().filter('name', 'in', `(${quoted},西湖龙井)`), 200, S('TEA-001', 'ODD-1'));
    sql("DELETE FROM products WHERE sku = 'ODD-1'");
});

test('in() quotes what has commas and parentheses', async () => {
    sql("INSERT INTO products (sku, name, price) VALUES ('ODD-2', 'x,(y)', 1), ('ODD-3', 'x y', 1), ('ODD-4', 'x\"y', 1)");
    good(await find().in('name', ['x,(y)', 'x y', 'x"y']), 200, S('ODD-2', 'ODD-3', 'ODD-4'));
    sql("DELETE FROM products WHERE sku LIKE 'ODD%'");
});

test('a value is never SQL', async () => {
    good(await find().eq('sku', "' OR '1'='1"), 200, []);
    good(await find().in('sku', ["x') OR 1=1 -- ", '`']), 200, []);
    bad(await find().eq('id', '1 OR 1=1'), 400, 'invalid_filter');
});

// ---- order, limit, range

test('order, ascending and descending', async () => {
    good(await user.from('products').select('sku').order('price').limit(2), 200, S('ACC-002', 'SNK-003'));
    good(await user.from('products').select('sku').order('price', { ascending: false }).limit(2), 200,
        S('CUP-003', 'BOX-002'));
});

test('order by several', async () => {
    sql("UPDATE products SET price = 28 WHERE sku = 'SNK-001'");
    good(await user.from('products').select('sku').eq('price', 28).order('price').order('id', { ascending: false }), 200,
        S('SNK-002', 'SNK-001'));
    sql("UPDATE products SET price = 26.80 WHERE sku = 'SNK-001'");
});

test('order with nulls first and last', async () => {
    const ids = async (o) => (await admin.from('users').select('id').in('id', [1, ALICE]).order('last_login_at', o)).data
        .map((u) => u.id);
    assert.deepEqual(await ids({ nullsFirst: true }), [1, ALICE]);
    assert.deepEqual(await ids({ nullsFirst: false }), [ALICE, 1]);
    assert.deepEqual(await ids({ ascending: false, nullsFirst: true }), [1, ALICE]);
    assert.deepEqual(await ids({ ascending: false, nullsFirst: false }), [ALICE, 1]);
});

test('order by a column that is not for it is refused', async () => {
    bad(await find().order('description'), 400, 'invalid_parameter');
});

test('limit', async () => good(await find().limit(3), 200, S('TEA-001', 'TEA-002', 'TEA-003')));
test('limit(0)', async () => good(await find().limit(0), 200, []));
test('range', async () => good(await find().range(5, 7), 200, S('CUP-001', 'CUP-002', 'CUP-003')));
test('range behind the end', async () => good(await find().range(100, 109), 200, []));
test('a negative limit is refused', async () => bad(await find().limit(-1), 400, 'invalid_parameter'));
test('an offset above the cap is refused', async () => bad(await find().range(1e6, 1e6 + 9), 400, 'offset_too_large'));

// ---- single, maybeSingle

test('single', async () => {
    good(await user.from('products').select('id,sku').eq('id', 4).single(), 200, { id: 4, sku: 'TEA-004' });
});
test('single of none', async () => notOne(await user.from('products').select('id').eq('id', 999).single(), 0));
test('single of many', async () => notOne(await user.from('products').select('id').lte('id', 3).single(), 3));
test('single after limit(1)', async () => {
    good(await user.from('products').select('id').order('id').limit(1).single(), 200, { id: 1 });
});

test('maybeSingle of one', async () => {
    good(await user.from('products').select('id').eq('id', 4).maybeSingle(), 200, { id: 4 });
});
test('maybeSingle of none', async () => {
    good(await user.from('products').select('id').eq('id', 999).maybeSingle(), 200, null);
});
test('maybeSingle of many', async () => {
    const r = await user.from('products').select('id').lte('id', 3).maybeSingle();
    assert.deepEqual([r.status, r.data, r.error.code, r.error.details], [406, null, 'PGRST116',
        'Results contain 3 rows, application/vnd.pgrst.object+json requires 1 row']);
});

// ---- counts

test('count exact', async () => {
    const r = await user.from('products').select('id', { count: 'exact' });
    good(r, 200, undefined, 20);
    assert.equal(r.data.length, 20);
});
test('count exact of a part', async () => {
    good(await user.from('products').select('id', { count: 'exact' }).order('id').range(2, 3), 206, [{ id: 3 }, { id: 4 }],
        20);
});
test('count exact with a filter', async () => {
    good(await find().gt('price', 298), 200, S('CUP-003', 'BOX-002'));
    good(await user.from('products').select('id', { count: 'exact' }).gt('price', 298), 200, [{ id: 8 }, { id: 17 }], 2);
});
test('count exact of nothing', async () => {
    good(await user.from('products').select('id', { count: 'exact' }).eq('id', 999), 200, [], 0);
});
test('head with a count', async () => {
    good(await user.from('products').select('*', { count: 'exact', head: true }), 200, null, 20);
    good(await user.from('products').select('*', { count: 'exact', head: true }).like('sku', 'TEA%'), 200, null, 5);
});
test('head without a count', async () => good(await user.from('products').select('*', { head: true }), 200, null));
test('count planned', async () => {
    const r = await user.from('products').select('id', { count: 'planned' }).limit(1);
    assert.equal(r.error, null);
    assert.ok(Number.isInteger(r.count) && r.count >= 1 && r.count <= 40, `count ${r.count}`);
});
test('count estimated', async () => {
    const r = await user.from('products').select('id', { count: 'estimated', head: true });
    assert.equal(r.error, null);
    assert.ok(Number.isInteger(r.count) && r.count >= 1 && r.count <= 40, `count ${r.count}`);
});
test('single with a count', async () => {
    good(await user.from('products').select('id', { count: 'exact' }).eq('id', 4).single(), 200, { id: 4 }, 1);
});
test('range from behind the end with a count is refused', async () => {
    bad(await user.from('products').select('id', { count: 'exact' }).range(21, 30), 416, 'range_not_satisfiable');
});

// ---- insert

const tea = (sku, more) => ({ sku, name: `tea ${sku}`, price: 12.5, stock: 3, ...more });
const row = (sku) => sql(`SELECT name, price, stock, on_sale, IFNULL(description, '-'), deleted_at IS NULL
                          FROM products WHERE sku = '${sku}'`)[0];
const rows = (pattern) => Number(sql(`SELECT COUNT(*) FROM products WHERE sku LIKE '${pattern}'`)[0]);

test('insert one: the row is told, unlike PostgREST', async () => {
    const r = await products().insert(tea('I-1'));
    good(r, 201);
    assert.deepEqual([r.data.sku, r.data.price, r.data.on_sale], ['I-1', 12.5, true]);
    assert.deepEqual(row('I-1'), ['tea I-1', '12.50', '3', '1', '-', '1']);
});
test('insert one with select()', async () => {
    const r = await products().insert(tea('I-2', { attributes: { a: [1, null, '二'] } })).select('sku,price,attributes');
    good(r, 201, [{ sku: 'I-2', price: 12.5, attributes: { a: [1, null, '二'] } }]);
    assert.deepEqual(row('I-2'), ['tea I-2', '12.50', '3', '1', '-', '1']);
});
test('insert one with select().single()', async () => {
    good(await products().insert(tea('I-3')).select('sku,title:name').single(), 201, { sku: 'I-3', title: 'tea I-3' });
});
test('insert one with select().maybeSingle()', async () => {
    good(await products().insert(tea('I-4')).select('sku').maybeSingle(), 201, { sku: 'I-4' });
});
test('insert many', async () => {
    const r = await products().insert([tea('M-1'), tea('M-2'), tea('M-3')]);
    good(r, 201);
    assert.deepEqual(skus(r), ['M-1', 'M-2', 'M-3']);
    assert.equal(rows('M-_'), 3);
});
test('insert many with select() and count', async () => {
    good(await products().insert([tea('M-4'), tea('M-5')], { count: 'exact' }).select('sku'), 201, S('M-4', 'M-5'), 2);
});
test('insert many with different columns: what lacks is NULL', async () => {
    good(await products().insert([tea('M-6', { description: 'd' }), tea('M-7')]).select('sku,description'), 201,
        [{ sku: 'M-6', description: 'd' }, { sku: 'M-7', description: null }]);
    bad(await products().insert([tea('M-8', { on_sale: false }), tea('M-9')]), 422, 'invalid_value');
    assert.equal(rows('M-8') + rows('M-9'), 0);
});
test('insert many with defaultToNull: false: what lacks is the default', async () => {
    good(await products().insert([tea('M-8', { on_sale: false }), tea('M-9')], { defaultToNull: false })
        .select('sku,on_sale'), 201, [{ sku: 'M-8', on_sale: false }, { sku: 'M-9', on_sale: true }]);
});
test('insert of an empty array', async () => {
    good(await products().insert([]).select('sku'), 201, []);
});
test('insert of a duplicate', async () => {
    bad(await products().insert(tea('TEA-001')), 409, 'duplicate');
    bad(await products().insert([tea('D-1'), tea('TEA-001')]).select(), 409, 'duplicate');
    assert.equal(rows('D-1'), 0);
    assert.equal(row('TEA-001')[0], '西湖龙井');
});
test('insert of wrong values tells all of them', async () => {
    const r = await products().insert({ sku: 'x'.repeat(33), name: 7, price: -1, nope: 1 });
    assert.deepEqual([r.status, r.error.code, r.data], [422, 'validation_failed', null]);
    assert.deepEqual(r.error.details.map((d) => [d.field, d.rule]).sort(), [['name', 'type'], ['nope', 'unknown'],
        ['price', 'min'], ['sku', 'max'], ['stock', 'required']]);
    for (const d of r.error.details) { assert.match(d.message, /^\S.*\S$/); }
});
test('insert many: one wrong row refuses all', async () => {
    const r = await products().insert([tea('W-1'), tea('W-2', { price: 'x' })]);
    assert.deepEqual([r.status, r.error.code, r.error.details.length], [422, 'validation_failed', 1]);
    assert.deepEqual([r.error.details[0].row, r.error.details[0].field, r.error.details[0].rule], [1, 'price', 'type']);
    assert.equal(rows('W-_'), 0);
});
test('insert of more rows than a bulk is refused', async () => {
    bad(await products().insert(Array.from({ length: 101 }, (_, i) => tea(`B-${i}`))), 400, 'too_many_rows');
    assert.equal(rows('B-%'), 0);
});
test('a full bulk', async () => {
    const r = await products().insert(Array.from({ length: 100 }, (_, i) => tea(`B-${i}`)), { count: 'exact' }).select('sku');
    good(r, 201, undefined, 100);
    assert.equal(r.data.length, 100);
    assert.equal(rows('B-%'), 100);
});
test('a page is at most a hundred', async () => {
    const r = await user.from('products').select('id', { count: 'exact' }).limit(1000);
    assert.deepEqual([r.status, r.data.length, r.count], [206, 100, Number(sql('SELECT COUNT(*) FROM products')[0])]);
    sql("DELETE FROM products WHERE sku LIKE 'B-%'");
});
test('insert by a user is refused', async () => {
    bad(await user.from('products').insert(tea('U-1')), 403, 'insufficient_scope');
    assert.equal(rows('U-1'), 0);
});
if (major > 1) {
    test('a bigint goes out as a text, which is no integer here', async () => {
        const r = await user.from('orders').insert({ product_id: 2n, quantity: 1 });
        assert.deepEqual([r.status, r.error.details.map((d) => [d.field, d.rule])], [422, [['product_id', 'type']]]);
    });
}

// ---- upsert

test('upsert merges one and makes one', async () => {
    const r = await products().upsert([tea('I-1', { price: 99 }), tea('UP-1')], { onConflict: 'sku' }).select('sku,price');
    good(r, 201, [{ sku: 'I-1', price: 99 }, { sku: 'UP-1', price: 12.5 }]);
    assert.deepEqual([row('I-1')[1], row('UP-1')[1], rows('I-1')], ['99.00', '12.50', 1]);
});
test('upsert changes only the columns that it has', async () => {
    sql("UPDATE products SET description = 'kept' WHERE sku = 'I-1'");
    good(await products().upsert(tea('I-1', { price: 98 }), { onConflict: 'sku' }).select('price,description').single(), 201,
        { price: 98, description: 'kept' });
    assert.deepEqual(row('I-1'), ['tea I-1', '98.00', '3', '1', 'kept', '1']);
});
test('upsert without select()', async () => {
    const r = await products().upsert(tea('I-1', { price: 97 }), { onConflict: 'sku' });
    good(r, 201);
    assert.deepEqual([r.data.sku, r.data.price], ['I-1', 97]);
    assert.equal(row('I-1')[1], '97.00');
});
test('upsert with ignoreDuplicates leaves what is there', async () => {
    const ignore = { onConflict: 'sku', ignoreDuplicates: true };
    good(await products().upsert([tea('I-1', { price: 1 }), tea('UP-2')], ignore).select('sku'), 201, S('UP-2'));
    good(await products().upsert([tea('I-1', { price: 1 }), tea('UP-2', { price: 1 })], ignore).select('sku'), 200, []);
    assert.deepEqual([row('I-1')[1], row('UP-2')[1]], ['97.00', '12.50']);
});
test('upsert on what is not declared for it is refused', async () => {
    bad(await products().upsert(tea('I-1'), { onConflict: 'name' }), 400, 'invalid_parameter');
    bad(await products().upsert(tea('I-1'), { onConflict: 'nope' }), 400, 'invalid_parameter');
    bad(await products().upsert(tea('I-1')), 400, 'invalid_parameter');
    assert.equal(row('I-1')[1], '97.00');
});
test('upsert does not wake a deleted row', async () => {
    sql("UPDATE products SET deleted_at = '2026-01-01' WHERE sku = 'UP-2'");
    bad(await products().upsert(tea('UP-2', { price: 5 }), { onConflict: 'sku' }).select(), 409, 'duplicate');
    assert.deepEqual([row('UP-2')[1], row('UP-2')[5]], ['12.50', '0']);
});

// ---- update

const ver = (sku) => Number(sql(`SELECT version FROM products WHERE sku = '${sku}'`)[0]);

test('update: no select(), no rows', async () => {
    const before = ver('I-2');
    good(await products().update({ price: 20 }).eq('sku', 'I-2'), 204, null);
    assert.deepEqual(row('I-2'), ['tea I-2', '20.00', '3', '1', '-', '1']);
    assert.equal(ver('I-2'), before + 1);
});
test('update with select()', async () => {
    good(await products().update({ stock: 8, on_sale: false }).eq('sku', 'I-2').select('sku,stock,on_sale'), 200,
        [{ sku: 'I-2', stock: 8, on_sale: false }]);
    assert.deepEqual(row('I-2'), ['tea I-2', '20.00', '8', '0', '-', '1']);
});
test('update with select().single()', async () => {
    good(await products().update({ name: '新茶' }).eq('sku', 'I-2').select('name').single(), 200, { name: '新茶' });
});
test('update to null', async () => {
    sql("UPDATE products SET description = 'd' WHERE sku = 'I-2'");
    good(await products().update({ description: null }).eq('sku', 'I-2').select('description').single(), 200,
        { description: null });
});
test('update of many, with a count', async () => {
    good(await products().update({ stock: 1 }, { count: 'exact' }).in('sku', ['M-1', 'M-2', 'M-3']), 204, null, 3);
    assert.deepEqual(sql("SELECT DISTINCT stock FROM products WHERE sku IN ('M-1', 'M-2', 'M-3')"), ['1']);
});
test('update of what the update itself takes out of the filter', async () => {
    const r = await products().update({ stock: 2 }).eq('stock', 1).in('sku', ['M-1', 'M-2', 'M-3']).select('sku,stock');
    good(r, 200, [{ sku: 'M-1', stock: 2 }, { sku: 'M-2', stock: 2 }, { sku: 'M-3', stock: 2 }]);
});
test('update with or', async () => {
    good(await products().update({ stock: 4 }).or('sku.eq.M-1,and(sku.eq.M-2,stock.eq.2)').select('sku'), 200,
        S('M-1', 'M-2'));
});
test('update of nothing', async () => {
    good(await products().update({ stock: 4 }, { count: 'exact' }).eq('id', 999999), 204, null, 0);
    good(await products().update({ stock: 4 }).eq('id', 999999).select(), 200, []);
});
test('single update of none, and of two, is refused and not done', async () => {
    notOne(await products().update({ stock: 4 }).eq('id', 999999).select('id').single(), 0);
    notOne(await products().update({ stock: 77 }).in('sku', ['M-1', 'M-2']).select('id').single(), 2);
    assert.deepEqual(sql("SELECT stock FROM products WHERE sku IN ('M-1', 'M-2')"), ['4', '4']);
});
test('update of the whole table is refused', async () => {
    bad(await products().update({ stock: 0 }), 400, 'filter_required');
    assert.equal(row('TEA-001')[2], '50');
});
test('update with maxAffected', async () => {
    good(await products().update({ stock: 5 }).in('sku', ['M-1', 'M-2']).maxAffected(2).select('sku'), 200, S('M-1', 'M-2'));
    bad(await products().update({ stock: 6 }).in('sku', ['M-1', 'M-2', 'M-3']).maxAffected(2), 400, 'too_many_rows');
    assert.deepEqual(sql("SELECT stock FROM products WHERE sku IN ('M-1', 'M-2', 'M-3')"), ['5', '5', '2']);
});
test('update of wrong values', async () => {
    const r = await products().update({ price: -1, nope: 2, id: 3 }).eq('sku', 'I-2');
    assert.deepEqual([r.status, r.error.code], [422, 'validation_failed']);
    assert.deepEqual(r.error.details.map((d) => [d.field, d.rule]).sort(),
        [['id', 'read_only'], ['nope', 'unknown'], ['price', 'min']]);
});
test('update to a duplicate', async () => {
    bad(await products().update({ sku: 'TEA-001' }).eq('sku', 'I-2'), 409, 'duplicate');
});
test('update by a user is refused', async () => {
    bad(await user.from('products').update({ price: 0 }).eq('id', 1), 403, 'insufficient_scope');
    assert.equal(row('TEA-001')[1], '168.00');
});

// ---- delete

test('delete: no select(), no rows', async () => {
    good(await products().delete().eq('sku', 'M-4'), 204, null);
    assert.equal(row('M-4')[5], '0');
    good(await user.from('products').select('sku').eq('sku', 'M-4'), 200, []);
});
test('delete with select()', async () => {
    good(await products().delete().eq('sku', 'M-5').select('sku,price'), 200, [{ sku: 'M-5', price: 12.5 }]);
    assert.equal(row('M-5')[5], '0');
});
test('delete of many, with a count', async () => {
    good(await products().delete({ count: 'exact' }).in('sku', ['M-6', 'M-7', 'M-5']), 204, null, 2);
});
test('delete of nothing', async () => {
    good(await products().delete({ count: 'exact' }).eq('sku', 'M-6'), 204, null, 0);
    good(await products().delete().eq('sku', 'M-6').select(), 200, []);
});
test('delete of the whole table is refused', async () => {
    bad(await products().delete(), 400, 'filter_required');
    assert.equal(row('TEA-001')[5], '1');
});
test('delete with maxAffected', async () => {
    bad(await products().delete().in('sku', ['M-8', 'M-9']).maxAffected(1), 400, 'too_many_rows');
    assert.deepEqual([row('M-8')[5], row('M-9')[5]], ['1', '1']);
    good(await products().delete().in('sku', ['M-8', 'M-9']).maxAffected(2).select('sku'), 200, S('M-8', 'M-9'));
});
test('single delete of two is refused and not done', async () => {
    notOne(await products().delete().in('sku', ['M-1', 'M-2']).select('sku').single(), 2);
    assert.deepEqual([row('M-1')[5], row('M-2')[5]], ['1', '1']);
});

// ---- orders: rows with an owner, and embedding

let mine;

test('an order belongs to who makes it', async () => {
    const r = await user.from('orders').insert({ product_id: 6, quantity: 2, remark: 'for me' }).select('id,user_id,quantity')
        .single();
    good(r, 201);
    mine = r.data.id;
    assert.deepEqual(r.data, { id: mine, user_id: ALICE, quantity: 2 });
    assert.deepEqual(sql(`SELECT user_id, product_id, quantity, remark FROM orders WHERE id = ${mine}`)[0],
        [String(ALICE), '6', '2', 'for me']);
});
test('an owner cannot be given', async () => {
    const r = await other.from('orders').insert({ product_id: 6, quantity: 1, user_id: ALICE });
    assert.deepEqual([r.status, r.error.details.map((d) => [d.field, d.rule])], [422, [['user_id', 'read_only']]]);
});
test('others see nothing of it', async () => {
    good(await other.from('orders').select('id', { count: 'exact' }), 200, [], 0);
    good(await other.from('orders').select('id').eq('id', mine), 200, []);
    good(await other.from('orders').select('id').or(`id.eq.${mine},id.gt.0,product_id.eq.6`), 200, []);
    notOne(await other.from('orders').select('id').eq('id', mine).single(), 0);
});
test('the operator sees it', async () => {
    good(await admin.from('orders').select('user_id,quantity'), 200, [{ user_id: ALICE, quantity: 2 }]);
});
test('others cannot delete it', async () => {
    good(await other.from('orders').delete({ count: 'exact' }).eq('id', mine), 204, null, 0);
    assert.deepEqual(sql(`SELECT deleted_at IS NULL FROM orders WHERE id = ${mine}`), ['1']);
});
test('embedding to one', async () => {
    good(await user.from('orders').select('quantity,product(sku,price)').eq('id', mine), 200,
        [{ quantity: 2, product: { sku: 'CUP-001', price: 59 } }]);
});
test('embedding to one of everything', async () => {
    const r = await user.from('orders').select('*,product(*)').eq('id', mine).single();
    good(r, 200);
    assert.deepEqual([r.data.quantity, r.data.product.sku, r.data.product.on_sale], [2, 'CUP-001', true]);
});
test('embedding with names of its own', async () => {
    good(await user.from('orders').select('no:id,what:product(title:name)').eq('id', mine).single(), 200,
        { no: mine, what: { title: '青瓷茶杯' } });
});
test('embedding after a write is refused, and the write not done', async () => {
    bad(await user.from('orders').insert({ product_id: 7, quantity: 1 }).select('quantity,product(sku)').single(), 400,
        'invalid_select');
    good(await user.from('orders').insert({ product_id: 7, quantity: 1 }).select('quantity').single(), 201, { quantity: 1 });
});
test('embedding of a row that is gone is null', async () => {
    sql('UPDATE products SET deleted_at = UTC_TIMESTAMP() WHERE id = 7');
    good(await user.from('orders').select('quantity,product(sku)').order('id'), 200,
        [{ quantity: 2, product: { sku: 'CUP-001' } }, { quantity: 1, product: null }]);
    sql('UPDATE products SET deleted_at = NULL WHERE id = 7');
});
test('embedding to many', async () => {
    const r = await admin.from('orders').insert([{ product_id: 1, quantity: 3 }, { product_id: 2, quantity: 4 }]).select('id');
    good(r, 201);
    good(await admin.from('users').select('id,orders(product_id,quantity)').in('id', [1, ALICE]).order('id'), 200,
        [{ id: 1, orders: [{ product_id: 1, quantity: 3 }, { product_id: 2, quantity: 4 }] },
            { id: ALICE, orders: [{ product_id: 6, quantity: 2 }, { product_id: 7, quantity: 1 }] }]);
});
test('embedding to many: only what the caller may see', async () => {
    const some = (who) => who.from('products').select('id,orders(user_id)').in('id', [1, 5, 6]).order('id');
    good(await some(user), 200, [{ id: 1, orders: [] }, { id: 5, orders: [] }, { id: 6, orders: [{ user_id: ALICE }] }]);
    good(await some(other), 200, [{ id: 1, orders: [] }, { id: 5, orders: [] }, { id: 6, orders: [] }]);
});
test('an unknown relation is refused', async () => {
    bad(await user.from('orders').select('id,nope(id)'), 400, 'invalid_select');
    bad(await user.from('orders').select('id,product(nope)'), 400, 'invalid_select');
});

// ---- what is refused

test('filters on unknown columns', async () => {
    bad(await find().eq('nope', 1), 400, 'unknown_parameter');
    bad(await find().eq('deleted_at', 1), 400, 'unknown_parameter');
    bad(await find().or('nope.eq.1'), 400, 'invalid_filter');
});
test('unknown operators', async () => {
    bad(await find().filter('id', 'equals', 1), 400, 'invalid_filter');
    bad(await find().or('id.equals.1'), 400, 'invalid_filter');
});
test('values of a wrong type', async () => {
    bad(await find().eq('id', 'abc'), 400, 'invalid_filter');
    bad(await find().in('id', [1, 'x']), 400, 'invalid_filter');
    bad(await find().gt('release_date', 'soon'), 400, 'invalid_filter');
    bad(await find().is('on_sale', 'maybe'), 400, 'invalid_filter');
});
test('broken trees', async () => {
    for (const t of ['id.eq.1,', 'id.eq.1)', '(id.eq.1', 'id', '', 'and(id.eq.1', 'and()']) {
        bad(await find().or(t), 400, 'invalid_filter');
    }
});
test('operators of PostgreSQL', async () => {
    bad(await find().contains('attributes', { a: 1 }), 400, 'invalid_filter');
    bad(await find().containedBy('attributes', { a: 1 }), 400, 'invalid_filter');
    bad(await find().overlaps('attributes', [1]), 400, 'invalid_filter');
    bad(await find().textSearch('name', 'tea'), 400, 'invalid_filter');
    bad(await find().likeAnyOf('name', ['a%', 'b%']), 400, 'invalid_filter');
    bad(await find().rangeGt('price', '[1,2)'), 400, 'invalid_filter');
    bad(await find().filter('name', 'match', '^a'), 400, 'invalid_filter');
    bad(await find().filter('name', 'isdistinct', 'a'), 400, 'invalid_filter');
});
test('select of PostgreSQL', async () => {
    for (const s of ['price::text', 'attributes->>origin', 'price.sum()', 'count()']) {
        bad(await user.from('products').select(s), 400, 'invalid_select');
    }
    for (const s of ['id,product!inner(sku)', 'id,...product(sku)', 'id,product(sku,orders(id))', 'id,product()']) {
        bad(await user.from('orders').select(s), 400, 'invalid_select');
    }
});
test('order, limit and filters of what is embedded', async () => {
    const o = () => admin.from('users').select('id,orders(id)');
    bad(await o().order('id', { referencedTable: 'orders' }), 400, 'invalid_parameter');
    bad(await o().limit(1, { referencedTable: 'orders' }), 400, 'invalid_parameter');
    bad(await o().or('id.eq.1', { referencedTable: 'orders' }), 400, 'invalid_parameter');
    bad(await o().eq('orders.id', 1), 400, 'invalid_parameter');
});
test('csv', async () => bad(await user.from('products').select().csv(), 406, 'not_acceptable'));
test('geojson', async () => bad(await user.from('products').select().geojson(), 406, 'not_acceptable'));
test('explain', async () => bad(await user.from('products').select().explain(), 406, 'not_acceptable'));
if (major > 1) {
    test('stripNulls', async () => {
        bad(await user.from('products').select().stripNulls(), 406, 'not_acceptable');
        bad(await user.from('products').select().eq('id', 1).single().stripNulls(), 406, 'not_acceptable');
    });
}
test('rpc', async () => {
    bad(await user.rpc('add_them', { a: 1, b: 2 }), 404, 'not_found');
    bad(await user.rpc('add_them', { a: 1 }, { get: true }), 404, 'not_found');
});
test('an unknown table', async () => bad(await user.from('nope').select(), 404, 'not_found'));
test('a table for another role', async () => bad(await user.from('users').select(), 403, 'insufficient_scope'));
test('no token, a bad token', async () => {
    bad(await nobody.from('products').select(), 401, 'unauthorized');
    bad(await as(TOKEN_ALICE.slice(0, -4)).from('products').select(), 403, 'invalid_token');
});

// ---- the client's own ways

test('throwOnError throws what the server said', async () => {
    await assert.rejects(async () => { await find().eq('nope', 1).throwOnError(); }, (e) => {
        assert.ok(e instanceof PostgrestError);
        assert.deepEqual([e.code, e.hint], ['unknown_parameter', undefined]);
        assert.match(e.message, /\S/);
        return true;
    });
    await assert.rejects(async () => { await find().eq('id', 999).single().throwOnError(); }, { code: 'PGRST116' });
    const r = await find().eq('id', 1).throwOnError();
    good(r, 200, S('TEA-001'));
});
test('abortSignal', async () => {
    const stop = new AbortController();
    stop.abort();
    const r = await user.from('products').select().abortSignal(stop.signal);
    assert.deepEqual([r.status, r.data, r.count], [0, null, null]);
    assert.match(r.error.message, /^AbortError/);
    good(await user.from('products').select('id').eq('id', 1).abortSignal(new AbortController().signal), 200, [{ id: 1 }]);
});
test('returns and overrideTypes change nothing', async () => {
    good(await user.from('products').select('id').eq('id', 1).returns(), 200, [{ id: 1 }]);
    good(await user.from('products').select('id').eq('id', 1).overrideTypes(), 200, [{ id: 1 }]);
});
test('schema() changes nothing', async () => {
    good(await user.schema('public').from('products').select('id').eq('id', 1), 200, [{ id: 1 }]);
    good(await admin.schema('public').from('products').update({ stock: 50 }).eq('id', 1), 204, null);
});
test('rollback() is refused', async () => {
    bad(await products().insert(tea('RB-1')).rollback(), 400, 'unsupported_preference');
    assert.equal(rows('RB-1'), 0);
});
test('a query may be awaited in parallel with others', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => user.from('products').select('id').eq('id', i + 1)
        .single()));
    assert.deepEqual(all.map((r) => r.data.id), Array.from({ length: 20 }, (_, i) => i + 1));
});
test('a fetch that cannot send PATCH', async () => {
    const viaPost = (input, init) => counted(input, init.method !== 'PATCH' ? init : {
        ...init, method: 'POST', headers: { ...Object.fromEntries(new Headers(init.headers)), 'X-HTTP-Method-Override': 'PATCH' },
    });
    const api = new PostgrestClient(url, { fetch: viaPost, headers: { Authorization: `Bearer ${TOKEN_ADMIN}` } });
    good(await api.from('products').update({ stock: 51 }).eq('sku', 'TEA-001').select('stock').single(), 200, { stock: 51 });
    assert.equal(row('TEA-001')[2], '51');
});
test('the fetch of Node itself', async () => {
    const plain = new PostgrestClient(url, { headers: { Authorization: `Bearer ${TOKEN_ALICE}` } });
    good(await plain.from('products').select('id').eq('id', 1), 200, [{ id: 1 }]);
});

// ---- run

(async () => {
    let passed = 0;
    let failed = 0;
    for (const { name, run } of tests) {
        last = '';
        try {
            await run();
            passed++;
        } catch (e) {
            failed++;
            const why = String(e.message ?? e).split('\n').slice(0, 40).join('\n    ');
            console.log(`FAILED ${name}\n    ${last}\n    ${why}`);
        }
    }
    console.log(`passed=${passed} failed=${failed} calls=${calls}`);
    process.exit(failed ? 1 : 0);
})();


/*
 * Statements of the configuration: placeholders, reading or not, lists.
 */


#include "base/ngx_wxapp_statement.h"
#include "unit.h"


static ngx_wxapp_statement_t  st;
static const char            *error;


static ngx_int_t
parse(const char *sql)
{
    ngx_str_t  s = str(sql);

    memset(&st, 0xee, sizeof(st));
    error = NULL;

    return ngx_wxapp_statement_parse(&st, pool, &s, &error);
}


static void
holds(const char *sql, ngx_uint_t n)
{
    size_t                    offset;
    ngx_uint_t                i, good;
    ngx_wxapp_placeholder_t  *ph;

    unit_pool();

    good = (parse(sql) == NGX_OK && st.placeholders.nelts == n);
    ph = st.placeholders.elts;

    for (i = 0, offset = 0; good && i < n; i++) {
        good = (sql[ph[i].offset] == '?' && (i == 0 || ph[i].offset > offset));
        offset = ph[i].offset;
    }

    ok(good, "%d in %s", (int) n, sql);
}


static void
placeholders(void)
{
    holds("SELECT 1", 0);
    holds("SELECT ?", 1);
    holds("SELECT ?,?, ? ,?", 4);
    holds("SELECT a FROM t WHERE a=?AND b=?", 2);
    holds("SELECT '?', \"?\", `?`, ?", 1);
    holds("SELECT 'it''s ?', ?", 1);
    holds("SELECT 'it\\'s ?', ?", 1);
    holds("SELECT \"a\\\"?\", ?", 1);
    holds("SELECT \"a\"\"?\", ?", 1);
    holds("SELECT 'a\\\\', ?, 'b'", 1);
    holds("SELECT `a``?`, `b\\`, ?", 1);
    holds("SELECT 1 -- ?\n, ?", 1);
    holds("SELECT 1 --\n, ?", 1);
    holds("SELECT 5--?", 1);
    holds("SELECT 1 # it's ?\n, ?", 1);
    holds("SELECT 1 /* it's ? */, ?", 1);
    holds("SELECT 1 /* * / ? **/, ?", 1);
    holds("SELECT /**/ ?", 1);
    holds("SELECT /*/ ? */ ?", 1);
    holds("SELECT /*+ MAX_EXECUTION_TIME(1) ? */ ?", 1);
    holds("SELECT 1 /*! , ? */, ?", 2);
    holds("SELECT 1 /*!50701 , ? */, ?", 2);
    holds("SELECT 1 /*M!100100 , ? */, ?", 2);
    holds("SELECT 1 - -? --", 1);
    holds("SELECT 1 #", 0);
    holds("SELECT 8/?", 1);
    holds("SELECT 8/", 0);
    holds("SELECT 5-", 0);
    holds("SELECT ?;", 1);
    holds("SELECT ? ; -- and no more\n", 1);
    holds("SELECT '$.a', a$b, ?", 1);
    holds("SELECT j->'$.a' FROM t WHERE j->>'$[0]' = ?", 1);
}


static void
refuses(const char *sql, const char *reason)
{
    unit_pool();

    ok(parse(sql) == NGX_DECLINED && strstr(error, reason), "%s: %s", sql,
       reason);
}


static void
wrong(void)
{
    refuses("", "no statement");
    refuses(" \t\n ", "no statement");
    refuses("-- nothing", "no statement");
    refuses("/* nothing */", "no statement");
    refuses("(((", "no statement");
    refuses("?", "no statement");
    refuses(";", "no statement");
    refuses("SELECT 'a", "open quote");
    refuses("SELECT 'a\\'", "open quote");
    refuses("SELECT 'a\\", "open quote");
    refuses("SELECT \"a'", "open quote");
    refuses("SELECT `a", "open quote");
    refuses("SELECT 'a''", "open quote");
    refuses("SELECT /* a", "open comment");
    refuses("SELECT /* a *", "open comment");
    refuses("SELECT /*/", "open comment");
    refuses("SELECT /*", "open comment");
    refuses("SELECT 1; SELECT 2", "more than one");
    refuses("SELECT 1;;", "more than one");
    refuses("SELECT $uid", "a variable");
    refuses("SELECT a FROM t WHERE id=$wxapp_uid", "a variable");
    refuses("SELECT ${uid}", "a variable");
}


static void
reads(const char *sql, ngx_uint_t reading)
{
    unit_pool();

    ok(parse(sql) == NGX_OK && st.reads == reading, "%s: %s",
       reading ? "reads" : "writes", sql);
}


static void
reading(void)
{
    reads("SELECT 1", 1);
    reads("select 1", 1);
    reads("  SeLeCt 1", 1);
    reads("(SELECT 1) UNION (SELECT 2)", 1);
    reads("/* c */ SELECT 1", 1);
    reads("-- c\nSELECT 1", 1);
    reads("WITH a AS (SELECT 1) SELECT * FROM a", 1);
    reads("VALUES (1), (2)", 1);
    reads("SHOW TABLES", 1);
    reads("SHOW CREATE TABLE t", 1);
    reads("SELECT REPLACE(a, 'x', 'y'), INSERT(a, 1, 1, 'b') FROM t", 1);
    reads("SELECT 'for update', \"into\", `update` FROM t", 1);
    reads("SELECT t.update, t.lock, @into FROM t", 1);
    reads("SELECT a FROM t -- FOR UPDATE\n", 1);
    reads("SELECT a FROM t /* FOR UPDATE */", 1);
    reads("SELECT share, next, value, updated, locked FROM t", 1);
    reads("SELECT * FROM t FOR SYSTEM_TIME ALL", 1);

    reads("SELECT a FROM t FOR UPDATE", 0);
    reads("select a from t for update", 0);
    reads("SELECT a FROM t FOR\n\tUPDATE SKIP LOCKED", 0);
    reads("SELECT a FROM t FOR/**/UPDATE", 0);
    reads("SELECT a FROM t FOR SHARE", 0);
    reads("SELECT a FROM t LOCK IN SHARE MODE", 0);
    reads("SELECT a INTO @x FROM t", 0);
    reads("SELECT a INTO OUTFILE '/tmp/x' FROM t", 0);
    reads("SELECT a FROM t /*!50000 FOR UPDATE */", 0);
    reads("(SELECT a FROM t FOR UPDATE)", 0);
    reads("WITH a AS (SELECT 1) UPDATE t SET b = 1", 0);
    reads("WITH a AS (SELECT 1) DELETE FROM t", 0);
    reads("SELECT NEXTVAL(s)", 0);
    reads("SELECT NEXT VALUE FOR s", 0);
    reads("SELECT SETVAL(s, 5)", 0);
    reads("INSERT INTO t VALUES (1)", 0);
    reads("INSERT t SELECT 1", 0);
    reads("UPDATE t SET a = 1", 0);
    reads("DELETE FROM t", 0);
    reads("REPLACE t VALUES (1)", 0);
    reads("CALL p(1)", 0);
    reads("DO SLEEP(1)", 0);
    reads("SELECTED", 0);
    reads("SELECT_ 1", 0);
}


static void
verb(const char *sql, const char *word)
{
    unit_pool();

    ok(parse(sql) == NGX_OK && equals(&st.verb, word)
       && ngx_wxapp_statement_is(&st, word), "%s: %s", sql, word);
}


static void
verbs(void)
{
    verb("SELECT 1", "SELECT");
    verb("call p()", "call");
    verb("/* a */ ((( update t", "update");
    verb("X", "X");

    (void) parse("CALL p()");
    ok(ngx_wxapp_statement_is(&st, "call"), "in any case");
    ok(!ngx_wxapp_statement_is(&st, "cal"), "not a part");
    ok(!ngx_wxapp_statement_is(&st, "calls"), "nor more");
}


static void
list(const char *sql, ngx_uint_t bits)
{
    ngx_uint_t                i, found;
    ngx_wxapp_placeholder_t  *ph;

    unit_pool();

    found = (parse(sql) == NGX_OK) ? 0 : 1000;
    ph = st.placeholders.elts;

    for (i = 0; i < st.placeholders.nelts; i++) {
        found |= ph[i].list << i;
    }

    ok(found == bits, "lists of %s", sql);
}


static void
lists(void)
{
    list("SELECT 1 WHERE a IN (?)", 1);
    list("SELECT 1 WHERE a in(?)", 1);
    list("SELECT 1 WHERE a NOT IN ( ? )", 1);
    list("SELECT 1 WHERE a IN /* b */ (\n?\n-- c\n)", 1);
    list("SELECT 1 WHERE a = ? AND b IN (?) AND c IN (?) AND d = ?", 6);
    list("SELECT 1 WHERE (a IN (?))", 1);
    list("SELECT 1 WHERE a IN (?, ?)", 0);
    list("SELECT 1 WHERE a IN (1, ?)", 0);
    list("SELECT 1 WHERE a IN (? + 1)", 0);
    list("SELECT 1 WHERE a IN ((?))", 0);
    list("SELECT 1 WHERE a IN (f(?))", 0);
    list("SELECT 1 WHERE a IN (SELECT ?)", 0);
    list("SELECT f(?), (?), MIN(?)", 0);
    list("SELECT t.in (?)", 0);
    list("SELECT 'IN' (?)", 0);
    list("SELECT 1 WHERE a IN (?", 0);
}


static void
expanded(const char *sql, ngx_uint_t a, ngx_uint_t b, const char *expected)
{
    ngx_str_t   s;
    ngx_uint_t  counts[2];

    unit_pool();

    counts[0] = a;
    counts[1] = b;

    ok(parse(sql) == NGX_OK
       && ngx_wxapp_statement_expand(&st, pool, counts, &s) == NGX_OK
       && equals(&s, expected), "%s with %d and %d", sql, (int) a, (int) b);
}


static void
expand(void)
{
    ngx_int_t    n;
    ngx_str_t    s, sql;
    ngx_uint_t   counts[1];

    expanded("SELECT 1", 9, 9, "SELECT 1");
    expanded("SELECT ?", 1, 9, "SELECT ?");
    expanded("IN (?) AND b = ?", 3, 1, "IN (?,?,?) AND b = ?");
    expanded("b = ? AND IN (?)", 1, 2, "b = ? AND IN (?,?)");
    expanded("a IN (?) OR '?' IN (?);", 2, 4,
             "a IN (?,?) OR '?' IN (?,?,?,?);");

    /* no memory, at any moment */

    for (n = 0; n < 20; n++) {
        unit_pool();

        sql = str("SELECT 1 WHERE a IN (?) AND '?' = '?'");
        counts[0] = 4096;
        unit_mallocs = n;

        if (ngx_wxapp_statement_parse(&st, pool, &sql, &error) == NGX_OK
            && ngx_wxapp_statement_expand(&st, pool, counts, &s) == NGX_OK)
        {
            break;
        }
    }

    ok(n > 0 && n < 20 && s.len == sql.len + 2 * 4095,
       "without memory an error, nothing else");
}


int
main(void)
{
    placeholders();
    wrong();
    reading();
    verbs();
    lists();
    expand();

    return unit_done();
}

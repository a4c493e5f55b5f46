
/*
 * The query dialect of PostgREST.
 */


#include "unit.h"
#include "dialect.h"


#define D31  "&a=eq.1&a=eq.1&a=eq.1&a=eq.1&a=eq.1&a=eq.1&a=eq.1&a=eq.1"           \
             "&a=eq.1&a=eq.1&a=eq.1&a=eq.1&a=eq.1&a=eq.1&a=eq.1&a=eq.1"           \
             "&a=eq.1&a=eq.1&a=eq.1&a=eq.1&a=eq.1&a=eq.1&a=eq.1&a=eq.1"           \
             "&a=eq.1&a=eq.1&a=eq.1&a=eq.1&a=eq.1&a=eq.1&a=eq.1"


static void
good(void)
{
    ngx_int_t            rc;
    ngx_str_t            s, out;
    ngx_uint_t           i;
    ngx_wxapp_dialect_t  d;

    static const char  *cases[][2] = {

        /* arguments */

        { "", "" }, { "&", "" }, { "&&&", "" },
        { "&limit=1&&offset=2&", "limit=1&offset=2" },
        { "%6cimit=%31", "limit=1" },
        { "%22limit%22=eq.1", "\"limit\"=eq.1" },
        { "a=eq.b=c==d", "\"a\"=eq.b=c==d" },
        { "a=eq.b%26c%3dd%2525", "\"a\"=eq.b&c=d%25" },
        { "a=eq.x+y%2Bz%20", "\"a\"=eq.x y+z " },
        { "a+b=eq.1", "\"a b\"=eq.1" },
        { "a=eq.\xe8\x8c\xb6%E8%8C%B6", "\"a\"=eq.\xe8\x8c\xb6\xe8\x8c\xb6" },
        { "%e8%8c%b6=eq.1", "\"\xe8\x8c\xb6\"=eq.1" },

        /* filters */

        { "price=eq.10", "\"price\"=eq.10" },
        { "price=neq.10", "\"price\"=neq.10" },
        { "price=gt.10", "\"price\"=gt.10" },
        { "price=gte.10", "\"price\"=gte.10" },
        { "price=lt.10", "\"price\"=lt.10" },
        { "price=lte.10", "\"price\"=lte.10" },
        { "name=like.a*", "\"name\"=like.a%" },
        { "name=ilike.**%25_", "\"name\"=ilike.%%%_" },
        { "name=like.a\\*b", "\"name\"=like.a\\%b" },
        { "name=eq.a*", "\"name\"=eq.a*" },
        { "price=gte.10&price=lte.20", "\"price\"=gte.10&\"price\"=lte.20" },
        { "price=not.eq.10", "\"price\"=not.eq.10" },
        { "name=not.ilike.*x*", "\"name\"=not.ilike.%x%" },
        { "a=eq.", "\"a\"=eq." },
        { "a=eq.null", "\"a\"=eq.null" },
        { "a=eq.not.eq.1", "\"a\"=eq.not.eq.1" },
        { "a=eq.\"x\"", "\"a\"=eq.\"x\"" },
        { "a=eq.x,y)(", "\"a\"=eq.x,y)(" },
        { "a=eq. x ", "\"a\"=eq. x " },
        { "a=eq.2026-01-01T00:00:00.5Z", "\"a\"=eq.2026-01-01T00:00:00.5Z" },
        { "not=eq.1", "\"not\"=eq.1" },
        { "\"a.b\"=eq.1", "\"a.b\"=eq.1" },
        { "\"a\\\"b\\\\\"=eq.1", "\"a\\\"b\\\\\"=eq.1" },
        { " a =eq.1", "\"a\"=eq.1" },
        { "a-b=eq.1", "\"a-b\"=eq.1" },
        { "a-=eq.1", "\"a-\"=eq.1" },
        { "$a_1=eq.1", "\"$a_1\"=eq.1" },

        /* is */

        { "a=is.null", "\"a\"=is.null" },
        { "a=not.is.null", "\"a\"=not.is.null" },
        { "a=is.not_null", "\"a\"=not.is.null" },
        { "a=not.is.not_null", "\"a\"=is.null" },
        { "a=is.true", "\"a\"=is.true" },
        { "a=is.false", "\"a\"=is.false" },
        { "a=not.is.false", "\"a\"=not.is.false" },
        { "a=is.NULL", "\"a\"=is.null" },
        { "a=is.True", "\"a\"=is.true" },

        /* in */

        { "a=in.(1,2,3)", "\"a\"=in.(\"1\",\"2\",\"3\")" },
        { "a=not.in.(1)", "\"a\"=not.in.(\"1\")" },
        { "a=in.()", "\"a\"=in.()" },
        { "a=in.( )", "\"a\"=in.()" },
        { "a=in.(\"\")", "\"a\"=in.(\"\")" },
        { "a=in.(,)", "\"a\"=in.(\"\",\"\")" },
        { "a=in.(a,b,\"c,d\",\"e\\\"f\\\\\")",
          "\"a\"=in.(\"a\",\"b\",\"c,d\",\"e\\\"f\\\\\")" },
        { "a=in.(\"(x)\",\"y)\")", "\"a\"=in.(\"(x)\",\"y)\")" },
        { "a=in.(\"\\a\\,\")", "\"a\"=in.(\"a,\")" },
        { "a=in.(%22a%22%2c%22b%22)", "\"a\"=in.(\"a\",\"b\")" },
        { "a=in.+(+1, 2 )+", "\"a\"=in.(\"1\",\" 2 \")" },

        /* quotes inside of a value are characters */

        { "a=in.(\"a\"b,c\"d\")", "\"a\"=in.(\"\\\"a\\\"b\",\"c\\\"d\\\"\")" },
        { "a=in.(\"a,b)", "\"a\"=in.(\"\\\"a\",\"b\")" },
        { "a=in.(a(b,c\\)", "\"a\"=in.(\"a(b\",\"c\\\\\")" },

        /* and, or */

        { "or=(a.eq.1,b.eq.2)", "or=(a.eq.\"1\",b.eq.\"2\")" },
        { "and=(a.eq.1,b.eq.2)", "and=(a.eq.\"1\",b.eq.\"2\")" },
        { "not.or=(a.eq.1,b.eq.2)", "not.or=(a.eq.\"1\",b.eq.\"2\")" },
        { "not.and=(a.eq.1)", "not.and=(a.eq.\"1\")" },
        { "or=(a.eq.1)&or=(b.eq.2)&and=(c.eq.3)&not.or=(d.eq.4)&not.or=(e.eq.5)",
          "or=(a.eq.\"1\")&or=(b.eq.\"2\")&and=(c.eq.\"3\")&not.or=(d.eq.\"4\")"
          "&not.or=(e.eq.\"5\")" },
        { "a=eq.1&or=(b.eq.2)&c=eq.3", "\"a\"=eq.1&or=(b.eq.\"2\")&\"c\"=eq.3" },
        { "or=(a.not.eq.1,b.not.in.(1,2),c.not.is.null)",
          "or=(a.not.eq.\"1\",b.not.in.(\"1\",\"2\"),c.not.is.null)" },
        { "or=(a.is.null,b.is.true,c.is.not_null)",
          "or=(a.is.null,b.is.true,c.not.is.null)" },
        { "or=(a.gte.1,and(b.lt.2,or(c.like.*x*,d.in.(1,2))),e.eq.5)",
          "or=(a.gte.\"1\",and(b.lt.\"2\",or(c.like.\"%x%\",d.in.(\"1\",\"2\"))),e.eq.\"5\")" },
        { "and=(not.or(a.eq.1,b.eq.2),not.and(c.eq.3))",
          "and=(not.or(a.eq.\"1\",b.eq.\"2\"),not.and(c.eq.\"3\"))" },
        { "or=(a.eq.\"x,y)\",b.eq.\"q\\\"\\\\\")",
          "or=(a.eq.\"x,y)\",b.eq.\"q\\\"\\\\\")" },
        { "or=(a.eq.\"x\"y,b.eq.x\"y\")", "or=(a.eq.\"\\\"x\\\"y\",b.eq.\"x\\\"y\\\"\")" },
        { "or=(a.like.\"*,*\")", "or=(a.like.\"%,%\")" },
        { "or=(a.eq.,b.eq.)", "or=(a.eq.\"\",b.eq.\"\")" },
        { "or=(a.eq.x(y,b.eq.1)", "or=(a.eq.\"x(y\",b.eq.\"1\")" },
        { "or=(a.eq.1.5,b.eq.2026-01-01T00:00:00Z)",
          "or=(a.eq.\"1.5\",b.eq.\"2026-01-01T00:00:00Z\")" },
        { "or=(a.in.(),b.eq.1)", "or=(a.in.(),b.eq.\"1\")" },
        { "or=( a.eq.1 , b.is.null , c.in.(1) , and ( d.eq.4 ) , not.or (e.eq.5) ) ",
          "or=(a.eq.\"1 \",b.is.null,c.in.(\"1\"),and(d.eq.\"4 \"),not.or(e.eq.\"5\"))" },
        { "or=(\"a.b\".eq.1,\"c,d\".is.null,\"and\".eq.2)",
          "or=(\"a.b\".eq.\"1\",\"c,d\".is.null,and.eq.\"2\")" },
        { "or=(and.eq.1,or.eq.2,not.eq.3,not.not.eq.4,not.in.(5),not.is.null)",
          "or=(and.eq.\"1\",or.eq.\"2\",not.eq.\"3\",not.not.eq.\"4\",not.in.(\"5\"),not.is.null)" },
        { "and=(or(or(or(or(or(or(or(a.eq.1))))))))",
          "and=(or(or(or(or(or(or(or(a.eq.\"1\"))))))))" },

        /* select */

        { "select=id", "select=id" }, { "select=*", "select=*" },
        { "select=id,name", "select=id,name" },
        { "select=id,title:name", "select=id,title:name" },
        { "select=id:id", "select=id" },
        { "select=*,items(*)", "select=*,items(*)" },
        { "select=id,items(id,n:name,*),b", "select=id,items(id,n:name,*),b" },
        { "select=i:items(id)", "select=i:items(id)" },
        { "select=items(id),id", "select=items(id),id" },
        { "select=a:id,b:id", "select=a:id,b:id" },
        { "select=a(id),b(id)", "select=a(id),b(id)" },
        { "select=+id+,+t+:+name+,+items+(+id+,+*+)+,+*+", "select=id,t:name,items(id,*),*" },
        { "select=\"a,b\":\"c(d\",\"e\\\"\\\\\"", "select=\"a,b\":\"c(d\",\"e\\\"\\\\\"" },
        { "select=\" a \"", "select=\" a \"" },
        { "select=%e5%90%8d:name", "select=\"\xe5\x90\x8d\":name" },
        { "select=count", "select=count" },
        { "select=a%2cb", "select=a,b" },

        /* order */

        { "order=id", "order=id" }, { "order=id.asc", "order=id" },
        { "order=id.desc", "order=id.desc" },
        { "order=id.nullsfirst", "order=id.nullsfirst" },
        { "order=id.nullslast", "order=id.nullslast" },
        { "order=id.asc.nullsfirst", "order=id.nullsfirst" },
        { "order=id.desc.nullslast,name,price.asc", "order=id.desc.nullslast,name,price" },
        { "order=\"a.b\".desc", "order=\"a.b\".desc" },
        { "order=+id.desc+,+name+", "order=id.desc,name" },
        { "order=desc.desc,asc.asc", "order=desc.desc,asc" },
        { "order=a,b,c,d,e,f,g,h", "order=a,b,c,d,e,f,g,h" },

        /* numbers and texts */

        { "limit=0", "limit=0" }, { "limit=2147483647", "limit=2147483647" },
        { "offset=0", "offset=0" }, { "offset=007", "offset=7" },
        { "page=1", "page=1" }, { "page=2&limit=5", "limit=5&page=2" },
        { "after=a+b%2B", "after=a b+" }, { "search=%e8%8c%b6+x", "search=\xe8\x8c\xb6 x" },
        { "deleted=only", "deleted=only" }, { "search=+", "search= " },
        { "columns=a,b", "columns=a,b" },
        { "columns=%22a%22,%22b+c%22", "columns=a,\"b c\"" },
        { "columns=+a+,+b+", "columns=a,b" },
        { "on_conflict=sku", "on_conflict=sku" },
        { "on_conflict=a,b&columns=c", "columns=c&on_conflict=a,b" },

        { "select=id,name&price=gte.10&order=price.desc&limit=20",
          "select=id,name&\"price\"=gte.10&order=price.desc&limit=20" },
        { NULL, NULL }
    };

    for (i = 0; cases[i][0]; i++) {
        unit_pool();

        s = str(cases[i][0]);
        memset(&d, 0xee, sizeof(d));

        rc = ngx_wxapp_dialect_parse(&d, pool, &s);

        if (!ok(rc == NGX_OK, "good: %s", cases[i][0])) {
            if (rc == NGX_DECLINED) {
                printf("# %s: %s\n", d.code, d.message);
            }

            continue;
        }

        out = dialect_write(pool, &d, 0);

        ok(equals(&out, cases[i][1]) && d.code == NULL && d.message == NULL
           && d.name.len == 0, "means: %s", cases[i][1]);
    }
}


static void
bad(void)
{
    ngx_int_t            rc;
    ngx_str_t            s;
    ngx_uint_t           i;
    ngx_wxapp_dialect_t  d;

    static struct {
        const char  *args, *code, *message, *name;
    } cases[] = {

        /* arguments */

        { "a", "invalid_parameter", "NAME=VALUE", "a" },
        { "limit=1&select&order=a", "invalid_parameter", "NAME=VALUE", "select" },
        { "=eq.1", "invalid_parameter", "NAME=VALUE", "" },
        { "=", "invalid_parameter", "NAME=VALUE", "" },
        { "+=eq.1", "invalid_parameter", "a name is missing", " " },
        { "a%=eq.1", "invalid_parameter", "the name is not", "a%" },
        { "a%4=eq.1", "invalid_parameter", "the name is not", "a%4" },
        { "a%zz=eq.1", "invalid_parameter", "the name is not", "a%zz" },
        { "a%00=eq.1", "invalid_parameter", "the name is not", "a%00" },
        { "a%c3=eq.1", "invalid_parameter", "the name is not", "a%c3" },
        { "a=eq.%", "invalid_parameter", "the value is not", "a" },
        { "a=eq.%2", "invalid_parameter", "the value is not", "a" },
        { "a=eq.%2g", "invalid_parameter", "the value is not", "a" },
        { "a=eq.%00", "invalid_parameter", "the value is not", "a" },
        { "a=eq.%ff", "invalid_parameter", "the value is not", "a" },
        { "a=eq.\xed\xa0\x80", "invalid_parameter", "the value is not", "a" },
        { "a=eq.%c3&b=eq.%a9", "invalid_parameter", "the value is not", "a" },
        { "limit=%00", "invalid_parameter", "the value is not", "limit" },
        { "items.limit=1", "invalid_parameter", "relation", "items.limit" },
        { "items.price=gt.1", "invalid_parameter", "relation", "items.price" },
        { "items.order=a", "invalid_parameter", "relation", "items.order" },
        { "items.or=(a.eq.1)", "invalid_parameter", "relation", "items.or" },
        { "items.not.or=(a.eq.1)", "invalid_parameter", "relation", "items.not.or" },
        { "not.eq=1", "invalid_parameter", "relation", "not.eq" },
        { "\"a\".\"b\"=eq.1", "invalid_parameter", "relation", "\"a\".\"b\"" },
        { "a->b=eq.1", "invalid_parameter", "JSON paths", "a->b" },
        { "a-%3e%3eb=eq.1", "invalid_parameter", "JSON paths", "a->>b" },
        { "a::text=eq.1", "invalid_parameter", "casts", "a::text" },
        { "a[]=1", "invalid_parameter", "unexpected", "a[]" },
        { "[a]=1", "invalid_parameter", "a name is missing", "[a]" },
        { "\"a=eq.1", "invalid_parameter", "a quote is not closed", "\"a" },
        { "\"a\\\"=eq.1", "invalid_parameter", "a quote is not closed", "\"a\\\"" },
        { "\"\"=eq.1", "invalid_parameter", "a name is missing", "\"\"" },
        { "*=eq.1", "invalid_parameter", "a name is missing", "*" },
        { "\"*\"=eq.1", "invalid_parameter", "a name is missing", "\"*\"" },

        /* once only */

        { "select=a&select=b", "duplicate_parameter", "more than once", "select" },
        { "order=a&order=b", "duplicate_parameter", "more than once", "order" },
        { "limit=1&limit=1", "duplicate_parameter", "more than once", "limit" },
        { "offset=1&offset=1", "duplicate_parameter", "more than once", "offset" },
        { "page=1&page=1", "duplicate_parameter", "more than once", "page" },
        { "after=1&after=1", "duplicate_parameter", "more than once", "after" },
        { "search=1&search=1", "duplicate_parameter", "more than once", "search" },
        { "deleted=1&deleted=1", "duplicate_parameter", "more than once", "deleted" },
        { "columns=a&columns=a", "duplicate_parameter", "more than once", "columns" },
        { "on_conflict=a&%6fn_conflict=a", "duplicate_parameter", "more than once", "on_conflict" },

        /* filters */

        { "a=", "invalid_filter", "OPERATOR.VALUE", "a" },
        { "a=1", "invalid_filter", "OPERATOR.VALUE", "a" },
        { "a=eq", "invalid_filter", "OPERATOR.VALUE", "a" },
        { "a=equals.1", "invalid_filter", "operator is not served", "a" },
        { "a=EQ.1", "invalid_filter", "OPERATOR.VALUE", "a" },
        { "a=e.1", "invalid_filter", "operator is not served", "a" },
        { "a=.1", "invalid_filter", "OPERATOR.VALUE", "a" },
        { "a= eq.1", "invalid_filter", "OPERATOR.VALUE", "a" },
        { "a=eq 1", "invalid_filter", "OPERATOR.VALUE", "a" },
        { "a=not", "invalid_filter", "OPERATOR.VALUE", "a" },
        { "a=not.", "invalid_filter", "OPERATOR.VALUE", "a" },
        { "a=not.not.eq.1", "invalid_filter", "operator is not served", "a" },
        { "a=not.1", "invalid_filter", "OPERATOR.VALUE", "a" },
        { "a=and.1", "invalid_filter", "operator is not served", "a" },
        { "_=1700000000", "invalid_filter", "OPERATOR.VALUE", "_" },
        { "a=match.x", "invalid_filter", "operator is not served", "a" },
        { "a=imatch.x", "invalid_filter", "operator is not served", "a" },
        { "a=fts.x", "invalid_filter", "operator is not served", "a" },
        { "a=fts(english).x", "invalid_filter", "operator is not served", "a" },
        { "a=not.plfts.x", "invalid_filter", "operator is not served", "a" },
        { "a=phfts.x", "invalid_filter", "operator is not served", "a" },
        { "a=wfts.x", "invalid_filter", "operator is not served", "a" },
        { "a=cs.{1}", "invalid_filter", "operator is not served", "a" },
        { "a=cd.{1}", "invalid_filter", "operator is not served", "a" },
        { "a=ov.{1}", "invalid_filter", "operator is not served", "a" },
        { "a=sl.(1,2)", "invalid_filter", "operator is not served", "a" },
        { "a=sr.(1,2)", "invalid_filter", "operator is not served", "a" },
        { "a=nxr.(1,2)", "invalid_filter", "operator is not served", "a" },
        { "a=nxl.(1,2)", "invalid_filter", "operator is not served", "a" },
        { "a=adj.(1,2)", "invalid_filter", "operator is not served", "a" },
        { "a=isdistinct.1", "invalid_filter", "operator is not served", "a" },
        { "a=eq(any).{1}", "invalid_filter", "(any) and (all) are not served", "a" },
        { "a=like(all).{1}", "invalid_filter", "(any) and (all) are not served", "a" },
        { "a=in(1,2)", "invalid_filter", "(any) and (all) are not served", "a" },
        { "a=is.unknown", "invalid_filter", "is.false are served", "a" },
        { "a=is.", "invalid_filter", "is.false are served", "a" },
        { "a=is.nul", "invalid_filter", "is.false are served", "a" },
        { "a=is.nulll", "invalid_filter", "is.false are served", "a" },
        { "a=is.\"null\"", "invalid_filter", "is.false are served", "a" },
        { "a=is.1", "invalid_filter", "is.false are served", "a" },
        { "a=is.null,b", "invalid_filter", "more behind", "a" },
        { "a=is.null)", "invalid_filter", "more behind", "a" },
        { "a=in.", "invalid_filter", "(1,2,3)", "a" },
        { "a=in.1,2", "invalid_filter", "(1,2,3)", "a" },
        { "a=in.{1,2}", "invalid_filter", "(1,2,3)", "a" },
        { "a=in.(", "invalid_filter", "too early", "a" },
        { "a=in.(1", "invalid_filter", "too early", "a" },
        { "a=in.(1,", "invalid_filter", "too early", "a" },
        { "a=in.(\"1", "invalid_filter", "too early", "a" },
        { "a=in.(\"1\"", "invalid_filter", "too early", "a" },
        { "a=in.(\"1\\", "invalid_filter", "too early", "a" },
        { "a=in.(1)x", "invalid_filter", "more behind", "a" },
        { "a=in.(1))", "invalid_filter", "more behind", "a" },
        { "a=in.(1),2", "invalid_filter", "more behind", "a" },
        { "a=eq.1" D31 "&b=eq.1", "invalid_filter", "at most 32 filters", "b" },
        { "or=(b.eq.1,b.eq.2)" D31, "invalid_filter", "at most 32 filters", "a" },

        /* and, or */

        { "or=", "invalid_filter", "parentheses", "or" },
        { "select=a&or=(a)", "invalid_filter", "unexpected", "or" },
        { "or=(a.eq.1)&limit=x", "invalid_parameter", "from 0", "limit" },
        { "or=(a.eq.1)&select=a(", "invalid_select", "a name is missing", "select" },
        { "or=a.eq.1", "invalid_filter", "parentheses", "or" },
        { "and=.eq.1", "invalid_filter", "parentheses", "and" },
        { "not.and=a", "invalid_filter", "parentheses", "not.and" },
        { "or=()", "invalid_filter", "a name is missing", "or" },
        { "or=(", "invalid_filter", "a name is missing", "or" },
        { "or=(a", "invalid_filter", "too early", "or" },
        { "or=(a.", "invalid_filter", "OPERATOR.VALUE", "or" },
        { "or=(a.eq", "invalid_filter", "OPERATOR.VALUE", "or" },
        { "or=(a.eq.", "invalid_filter", "too early", "or" },
        { "or=(a.eq.1", "invalid_filter", "too early", "or" },
        { "or=(a.eq.\"1", "invalid_filter", "too early", "or" },
        { "or=(a.eq.\"1\"", "invalid_filter", "too early", "or" },
        { "or=(a.eq.1,", "invalid_filter", "a name is missing", "or" },
        { "or=(a.eq.1,)", "invalid_filter", "a name is missing", "or" },
        { "or=(,a.eq.1)", "invalid_filter", "a name is missing", "or" },
        { "or=(a.eq.1)b", "invalid_filter", "last parenthesis", "or" },
        { "or=(a.eq.1))", "invalid_filter", "last parenthesis", "or" },
        { "or=(a.eq.1),(b.eq.2)", "invalid_filter", "last parenthesis", "or" },
        { "or=(a)", "invalid_filter", "unexpected", "or" },
        { "or=(a=1)", "invalid_filter", "unexpected", "or" },
        { "or=(a.1)", "invalid_filter", "OPERATOR.VALUE", "or" },
        { "or=(items.a.eq.1)", "invalid_filter", "operator is not served", "or" },
        { "or=(a.match.1)", "invalid_filter", "operator is not served", "or" },
        { "or=(a.eq(any).{1})", "invalid_filter", "are not served", "or" },
        { "or=(a.is.unknown)", "invalid_filter", "are served", "or" },
        { "or=(a.in.1)", "invalid_filter", "(1,2,3)", "or" },
        { "or=(a.in.(1)", "invalid_filter", "too early", "or" },
        { "or=(a.in.(1)x)", "invalid_filter", "unexpected", "or" },
        { "or=(a->b.eq.1)", "invalid_filter", "JSON paths", "or" },
        { "or=(xor(a.eq.1))", "invalid_filter", "only and, or", "or" },
        { "or=(a(b.eq.1))", "invalid_filter", "only and, or", "or" },
        { "or=(not.xor(a.eq.1))", "invalid_filter", "only and, or", "or" },
        { "or=(not.not.or(a.eq.1))", "invalid_filter", "operator is not served", "or" },
        { "or=(AND(a.eq.1))", "invalid_filter", "only and, or", "or" },
        { "or=((a.eq.1))", "invalid_filter", "a name is missing", "or" },
        { "or=(and(a.eq.1)", "invalid_filter", "too early", "or" },
        { "or=(and(a.eq.1)b)", "invalid_filter", "unexpected", "or" },
        { "or=(and())", "invalid_filter", "a name is missing", "or" },
        { "or=(\"a.eq.1)", "invalid_filter", "a quote is not closed", "or" },
        { "and=(or(or(or(or(or(or(or(or(a.eq.1)))))))))", "invalid_filter", "at most 8 levels", "and" },

        /* select */

        { "select=", "invalid_select", "a name is missing", "select" },
        { "select=+", "invalid_select", "a name is missing", "select" },
        { "select=,", "invalid_select", "a name is missing", "select" },
        { "select=a,", "invalid_select", "a name is missing", "select" },
        { "select=,a", "invalid_select", "a name is missing", "select" },
        { "select=a:", "invalid_select", "a name is missing", "select" },
        { "select=:a", "invalid_select", "a name is missing", "select" },
        { "select=a:*", "invalid_select", "a name is missing", "select" },
        { "select=a:\"*\"", "invalid_select", "a name is missing", "select" },
        { "select=\"\"", "invalid_select", "a name is missing", "select" },
        { "select=\"a", "invalid_select", "a quote is not closed", "select" },
        { "select=a,a", "invalid_select", "two of one name", "select" },
        { "select=a,b:c,b", "invalid_select", "two of one name", "select" },
        { "select=*,*", "invalid_select", "two of one name", "select" },
        { "select=a,a:items(id)", "invalid_select", "two of one name", "select" },
        { "select=items(id,id)", "invalid_select", "two of one name", "select" },
        { "select=a:b:c", "invalid_select", "unexpected", "select" },
        { "select=a::text", "invalid_select", "casts", "select" },
        { "select=x:a::text", "invalid_select", "casts", "select" },
        { "select=items(a::text)", "invalid_select", "casts", "select" },
        { "select=*::text", "invalid_select", "casts", "select" },
        { "select=a->b", "invalid_select", "JSON paths", "select" },
        { "select=a->>b", "invalid_select", "JSON paths", "select" },
        { "select=x:a->b->>0", "invalid_select", "JSON paths", "select" },
        { "select=a.sum()", "invalid_select", "aggregates", "select" },
        { "select=x:a.max()", "invalid_select", "aggregates", "select" },
        { "select=count()", "invalid_select", "aggregates", "select" },
        { "select=n:count()", "invalid_select", "aggregates", "select" },
        { "select=items(count())", "invalid_select", "aggregates", "select" },
        { "select=items(count)x", "invalid_select", "unexpected", "select" },
        { "select=...items(id)", "invalid_select", "spread", "select" },
        { "select=id,...items(id)", "invalid_select", "spread", "select" },
        { "select=items!fk(id)", "invalid_select", "hints", "select" },
        { "select=items!inner(id)", "invalid_select", "hints", "select" },
        { "select=items(a(b))", "invalid_select", "one level", "select" },
        { "select=items(x:a(b))", "invalid_select", "one level", "select" },
        { "select=items()", "invalid_select", "a name is missing", "select" },
        { "select=items(", "invalid_select", "a name is missing", "select" },
        { "select=items(id", "invalid_select", "too early", "select" },
        { "select=items(id,", "invalid_select", "a name is missing", "select" },
        { "select=items(id))", "invalid_select", "unexpected", "select" },
        { "select=id)", "invalid_select", "unexpected", "select" },
        { "select=id;x", "invalid_select", "unexpected", "select" },
        { "select=`id`", "invalid_select", "a name is missing", "select" },
        { "select=\"a\"b", "invalid_select", "unexpected", "select" },

        /* order */

        { "order=", "invalid_parameter", "a name is missing", "order" },
        { "order=,", "invalid_parameter", "a name is missing", "order" },
        { "order=a,", "invalid_parameter", "a name is missing", "order" },
        { "order=.desc", "invalid_parameter", "a name is missing", "order" },
        { "order=*", "invalid_parameter", "a name is missing", "order" },
        { "order=a,a.desc", "invalid_parameter", "twice", "order" },
        { "order=a,\"a\"", "invalid_parameter", "twice", "order" },
        { "order=a.", "invalid_parameter", "COLUMN", "order" },
        { "order=a.down", "invalid_parameter", "COLUMN", "order" },
        { "order=a.DESC", "invalid_parameter", "COLUMN", "order" },
        { "order=a.descx", "invalid_parameter", "COLUMN", "order" },
        { "order=a.desc.asc", "invalid_parameter", "COLUMN", "order" },
        { "order=a.asc.desc", "invalid_parameter", "COLUMN", "order" },
        { "order=a.nullsfirst.desc", "invalid_parameter", "COLUMN", "order" },
        { "order=a.nullsfirst.nullslast", "invalid_parameter", "COLUMN", "order" },
        { "order=a.desc.nulls", "invalid_parameter", "COLUMN", "order" },
        { "order=a+desc.desc;", "invalid_parameter", "COLUMN", "order" },
        { "order=items(a).desc", "invalid_parameter", "relation", "order" },
        { "order=a->b.desc", "invalid_parameter", "JSON paths", "order" },
        { "order=a,b,c,d,e,f,g,h,i", "invalid_parameter", "at most 8 columns", "order" },

        /* numbers and texts */

        { "limit=", "invalid_parameter", "from 0", "limit" },
        { "limit=-1", "invalid_parameter", "from 0", "limit" },
        { "limit=+1", "invalid_parameter", "from 0", "limit" },
        { "limit=1.0", "invalid_parameter", "from 0", "limit" },
        { "limit=1e3", "invalid_parameter", "from 0", "limit" },
        { "limit=x", "invalid_parameter", "from 0", "limit" },
        { "limit=2147483648", "invalid_parameter", "from 0", "limit" },
        { "limit=18446744073709551617", "invalid_parameter", "from 0", "limit" },
        { "offset=-1", "invalid_parameter", "from 0", "offset" },
        { "offset=2147483648", "invalid_parameter", "from 0", "offset" },
        { "page=0", "invalid_parameter", "from 1", "page" },
        { "page=-1", "invalid_parameter", "from 1", "page" },
        { "page=2147483648", "invalid_parameter", "from 1", "page" },
        { "page=1&offset=0", "invalid_parameter", "exclude", "page" },
        { "page=1&offset=0&select=a&b=eq.1", "invalid_parameter", "exclude", "page" },
        { "offset=5&limit=5&page=2", "invalid_parameter", "exclude", "page" },
        { "after=", "invalid_parameter", "empty", "after" },
        { "search=", "invalid_parameter", "empty", "search" },
        { "deleted=", "invalid_parameter", "empty", "deleted" },
        { "columns=", "invalid_parameter", "a name is missing", "columns" },
        { "columns=a,", "invalid_parameter", "a name is missing", "columns" },
        { "columns=a,b,a", "invalid_parameter", "twice", "columns" },
        { "columns=a.b", "invalid_parameter", "unexpected", "columns" },
        { "columns=\"a", "invalid_parameter", "a quote is not closed", "columns" },
        { "on_conflict=", "invalid_parameter", "a name is missing", "on_conflict" },
        { "on_conflict=a,a", "invalid_parameter", "twice", "on_conflict" },
        { "on_conflict=a(b", "invalid_parameter", "unexpected", "on_conflict" },
        { NULL, NULL, NULL, NULL }
    };

    for (i = 0; cases[i].args; i++) {
        unit_pool();

        s = str(cases[i].args);
        memset(&d, 0xee, sizeof(d));

        rc = ngx_wxapp_dialect_parse(&d, pool, &s);

        if (ok(rc == NGX_DECLINED && strcmp(d.code, cases[i].code) == 0
               && strstr(d.message, cases[i].message)
               && equals(&d.name, cases[i].name),
               "%s: %s", cases[i].code, cases[i].args)
            == 0 && rc == NGX_DECLINED)
        {
            printf("# %s: %s\n", d.code, d.message);
        }
    }
}


/* n times "item", between commas, in "head" and "tail" */

static ngx_int_t
many(ngx_wxapp_dialect_t *d, const char *head, const char *item,
    const char *tail, ngx_uint_t n)
{
    ngx_str_t         s;
    ngx_uint_t        i;
    ngx_wxapp_text_t  text;

    unit_pool();
    ngx_wxapp_text_init(&text, pool, 64);
    ngx_wxapp_text_cstr(&text, head);

    for (i = 0; i < n; i++) {
        ngx_wxapp_text_cstr(&text, i ? "," : "");
        ngx_wxapp_text_cstr(&text, item);
        ngx_wxapp_text_int(&text, i);
    }

    ngx_wxapp_text_cstr(&text, tail);
    ngx_wxapp_text_done(&text, &s);
    s = bytes(s.data, s.len);

    return ngx_wxapp_dialect_parse(d, pool, &s);
}


static void
caps(void)
{
    ngx_wxapp_dialect_t  d;

    ok(many(&d, "a=in.(", "", ")", 200) == NGX_OK
       && d.filter->first->nvalues == 200
       && equals(&d.filter->first->values[199], "199"), "200 values");
    ok(many(&d, "a=in.(", "", ")", 201) == NGX_DECLINED
       && strstr(d.message, "at most 200 values"), "201 values");
    ok(many(&d, "or=(b.eq.1,a.in.(", "", "))", 201) == NGX_DECLINED
       && strcmp(d.code, "invalid_filter") == 0, "201 values in or()");
    ok(many(&d, "select=", "c", "", 64) == NGX_OK, "64 columns");
    ok(many(&d, "select=", "c", "", 65) == NGX_DECLINED
       && strcmp(d.code, "invalid_select") == 0
       && strstr(d.message, "at most 64 columns"), "65 columns");
    ok(many(&d, "select=r(", "c", "),s(*)", 61) == NGX_OK,
       "64 with those of relations");
    ok(many(&d, "select=r(", "c", "),s(*)", 62) == NGX_DECLINED,
       "65 with those of relations");
    ok(many(&d, "columns=", "c", "", 64) == NGX_OK && d.ncolumns == 64
       && equals(&d.columns[63], "c63"), "64 names");
    ok(many(&d, "columns=", "c", "", 65) == NGX_DECLINED
       && strcmp(d.code, "invalid_parameter") == 0
       && strstr(d.message, "at most 64 columns"), "65 names");
    ok(many(&d, "on_conflict=", "c", "", 65) == NGX_DECLINED,
       "65 names of a key");
    ok(many(&d, "c=eq.1" D31 "&d=", "eq.", "", 1) == NGX_DECLINED
       && strstr(d.message, "at most 32 filters"), "33 filters");
    ok(many(&d, "limit=1" D31 "&d=", "eq.", "", 1) == NGX_OK
       && d.nfilters == 32, "32 filters");
    ok(many(&d, "or=(", "a.eq.", ")", 32) == NGX_OK && d.nfilters == 32,
       "32 filters in a list");
    ok(many(&d, "or=(", "a.eq.", ")", 33) == NGX_DECLINED
       && strstr(d.message, "at most 32 filters"), "33 filters in a list");
    ok(many(&d, "and=(", "and(and(and(and(and(and(or(a.eq.1,b.is.null))))))),c.eq.",
            ")", 10) == NGX_OK && d.nfilters == 30,
       "wide and deep");
}


/* each byte is looked at only if it is there; less memory each time */

static void
cuts(void)
{
    size_t               n;
    ngx_int_t            rc;
    ngx_str_t            s;
    ngx_uint_t           wrong, i;
    ngx_wxapp_dialect_t  d;

    static const char  all[] =
        "select=id,\"t\\\"\":name,items(*,x:\"y\")&order=\"a\\\"b\".desc.nullslast,c.nullsfirst"
        "&price=not.gte.%31%30&name=like.*\xe8\x8c\xb6*&b=is.not_null&c=in.(1,\"2,\\\"\",3)"
        "&not.or=(a.eq.1,not.and(b.in.(\"x\\\\\",2),c.is.null),d.not.ilike.\"*)\")"
        "&limit=10&offset=20&after=x&search=y+z&deleted=only&columns=\"a\\\"\",b&on_conflict=c,d"
        "&or=(a.eq.1,or(b.eq.2,b.eq.3,b.eq.4,b.eq.5))&z=in.(1,2,3,4,5,6,7,8,9,10,11,12,13,14,15)";

    for (wrong = 0, n = 0; n < sizeof(all); n++) {
        unit_pool();
        s = bytes(all, n);
        rc = ngx_wxapp_dialect_parse(&d, pool, &s);

        if ((rc != NGX_OK && rc != NGX_DECLINED)
            || (rc == NGX_DECLINED && (d.name.len == 0 || d.message == NULL)))
        {
            wrong++;
        }
    }

    ok(wrong == 0 && rc == NGX_OK, "cut anywhere");

    for (i = 0; i < 1000; i++) {
        unit_pool();
        s = bytes(all, sizeof(all) - 1);
        unit_mallocs = i;
        rc = ngx_wxapp_dialect_parse(&d, pool, &s);
        unit_mallocs = -1;

        if (rc != NGX_ERROR) {
            break;
        }
    }

    ok(rc == NGX_OK && i > 30, "without memory for any of %d allocations",
       (int) i);
}


/* 32 KB that look like much; the sanitizers' time, not ours, is bounded */

static void
hostile(void)
{
    size_t               n;
    ngx_str_t            s;
    ngx_uint_t           i, wrong;
    ngx_wxapp_dialect_t  d;

    static const char  *units[][2] = {
        { "or=(", "or(" }, { "or=(", "not." }, { "a=in.(", "\"," },
        { "a=in.(", "\"\\\"," }, { "select=", "a(" }, { "select=", "\"\\\\\"" },
        { "", "&" }, { "", "=" }, { "", "a=eq.1&" }, { "or=(a.eq.", "\"" },
        { "select=", "\"" }, { "a=eq.", "%" }, { "a=eq.", "%41" }, { "", "\"" },
        { "order=", "a.desc," }, { "a=", "not." }, { "or=", " " }, { "or=(", " " },
        { "select=", "..." }, { "limit=", "0" }, { "limit=", "9" }, { NULL, NULL }
    };

    for (wrong = 0, i = 0; units[i][0]; i++) {
        unit_pool();

        s.len = 32768;
        s.data = ngx_pnalloc(pool, s.len);
        n = strlen(units[i][0]);
        memcpy(s.data, units[i][0], n);

        for ( /* void */ ; n < s.len; n++) {
            s.data[n] = units[i][1][(n - strlen(units[i][0])) % strlen(units[i][1])];
        }

        if (ngx_wxapp_dialect_parse(&d, pool, &s) == NGX_ERROR) {
            wrong++;
        }
    }

    ok(wrong == 0, "32 KB of anything");
}


int
main(void)
{
    good();
    bad();
    caps();
    cuts();
    hostile();

    return unit_done();
}


/*
 * traceparent.
 */


#include "base/ngx_wxapp_trace.h"
#include "unit.h"


#define ID    "0af7651916cd43dd8448eb211c80319c"
#define SPAN  "b7ad6b7169203331"


/* the header that follows from the given one: inherited, or made anew */

static void
check(const char *what, ngx_str_t *in, ngx_uint_t inherited, u_char flags)
{
    size_t             i;
    ngx_str_t          id;
    ngx_wxapp_trace_t  t;

    if (ngx_wxapp_trace_init(&t, in) != NGX_OK) {
        ok(0, "%s: init", what);
        return;
    }

    ngx_wxapp_trace_id(&t, &id);

    for (i = 0; i < sizeof(t.parent); i++) {
        u_char  c = t.parent[i];

        if (i == 2 || i == 35 || i == 52) {
            if (c != '-') {
                break;
            }

        } else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            break;
        }
    }

    ok(i == 55 && memcmp(t.parent, "00-", 3) == 0, "%s: well formed", what);
    ok(t.inherited == inherited, "%s: %s", what, inherited ? "taken" : "refused");
    ok(id.len == 32
       && (memcmp(id.data, ID, 32) == 0) == inherited, "%s: the id", what);
    ok(memcmp(t.parent + 36, SPAN, 16) != 0, "%s: a span of our own", what);
    ok(memcmp(t.parent + 36, "0000000000000000", 16) != 0
       && memcmp(id.data, "00000000000000000000000000000000", 32) != 0,
       "%s: not zero", what);

    if (inherited) {
        ok(t.parent[53] == '0' && t.parent[54] == flags, "%s: flags", what);

    } else {
        ok(memcmp(t.parent + 53, "01", 2) == 0, "%s: sampled", what);
    }
}


int
main(void)
{
    size_t      n;
    ngx_str_t   s;
    ngx_uint_t  i;

    static struct {
        const char  *what, *text;
        ngx_uint_t   inherited;
        u_char       flags;
    } cases[] = {
        { "valid", "00-" ID "-" SPAN "-01", 1, '1' },
        { "not sampled", "00-" ID "-" SPAN "-00", 1, '0' },
        { "other flags", "00-" ID "-" SPAN "-ff", 1, '3' },
        { "random too", "00-" ID "-" SPAN "-03", 1, '3' },
        { "random alone", "00-" ID "-" SPAN "-02", 1, '2' },
        { "flags of another day", "00-" ID "-" SPAN "-fc", 1, '0' },
        { "space before", " \t00-" ID "-" SPAN "-01", 1, '1' },
        { "space behind", "00-" ID "-" SPAN "-00 \t ", 1, '0' },
        { "later version", "01-" ID "-" SPAN "-01", 1, '1' },
        { "later version with more", "cc-" ID "-" SPAN "-01-what-the-future", 1, '1' },
        { "later version with a dash", "cc-" ID "-" SPAN "-01-", 1, '1' },
        { "later version, no dash", "cc-" ID "-" SPAN "-01.x", 0, 0 },
        { "version 00 with more", "00-" ID "-" SPAN "-01-x", 0, 0 },
        { "version ff", "ff-" ID "-" SPAN "-01", 0, 0 },
        { "upper case version", "0A-" ID "-" SPAN "-01", 0, 0 },
        { "upper case id", "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01", 0, 0 },
        { "upper case span", "00-" ID "-B7AD6B7169203331-01", 0, 0 },
        { "upper case flags", "00-" ID "-" SPAN "-0A", 0, 0 },
        { "zero id", "00-00000000000000000000000000000000-" SPAN "-01", 0, 0 },
        { "zero span", "00-" ID "-0000000000000000-01", 0, 0 },
        { "no hex in id", "00-0af7651916cd43dd8448eb211c80319g-" SPAN "-01", 0, 0 },
        { "no hex in span", "00-" ID "-b7ad6b716920333x-01", 0, 0 },
        { "no hex in flags", "00-" ID "-" SPAN "-0x", 0, 0 },
        { "no hex in version", ".0-" ID "-" SPAN "-01", 0, 0 },
        { "no dash 1", "00." ID "-" SPAN "-01", 0, 0 },
        { "no dash 2", "00-" ID "." SPAN "-01", 0, 0 },
        { "no dash 3", "00-" ID "-" SPAN ".01", 0, 0 },
        { "line feed behind", "00-" ID "-" SPAN "-01\n", 0, 0 },
        { "space inside", "00- " ID "-" SPAN "-01", 0, 0 },
        { "spaces alone", "  \t ", 0, 0 },
        { "empty", "", 0, 0 },
        { "one letter", "0", 0, 0 },
        { NULL, NULL, 0, 0 }
    };

    unit_pool();

    check("absent", NULL, 0, 0);

    for (i = 0; cases[i].what; i++) {
        s = str(cases[i].text);
        check(cases[i].what, &s, cases[i].inherited, cases[i].flags);
    }

    for (n = 0; n < 55; n++) {
        ngx_wxapp_trace_t  t;

        s = bytes("00-" ID "-" SPAN "-01", n);

        if (ngx_wxapp_trace_init(&t, &s) != NGX_OK || t.inherited) {
            break;
        }
    }

    ok(n == 55, "cut anywhere");

    return unit_done();
}

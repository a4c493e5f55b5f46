/*
 * How long GET /ping takes at a fixed rate: requests start when the clock says so, on connections in turn,
 * and one that had to wait for the reply before it counts from when it should have started.
 *
 *     ping PORT RATE SECONDS
 *
 * Prints "n p50 p99 max", in milliseconds.
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>


#define CONNECTIONS  4


static int64_t
now(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_MONOTONIC, &t);

    return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}


static int
order(const void *one, const void *two)
{
    int64_t  a = *(const int64_t *) one, b = *(const int64_t *) two;

    return (a > b) - (a < b);
}


static void
fail(const char *what)
{
    perror(what);
    exit(1);
}


int
main(int argc, char **argv)
{
    int                  s[CONNECTIONS], one = 1;
    char                 reply[8192];
    long                 n, i;
    int64_t             *took, step, at, began;
    ssize_t              len;
    struct timespec      t;
    struct sockaddr_in   a;

    static const char  request[] = "GET /ping HTTP/1.1\r\nHost: shop\r\n\r\n";

    if (argc != 4) {
        return 2;
    }

    memset(&a, 0, sizeof(a));
    a.sin_family = AF_INET;
    a.sin_port = htons(atoi(argv[1]));
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    step = 1000000000 / atol(argv[2]);
    n = atol(argv[2]) * atol(argv[3]);
    took = malloc(n * sizeof(int64_t));

    for (i = 0; i < CONNECTIONS; i++) {
        s[i] = socket(AF_INET, SOCK_STREAM, 0);

        if (connect(s[i], (struct sockaddr *) &a, sizeof(a)) == -1) {
            fail("connect");
        }

        setsockopt(s[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    }

    at = now();

    for (i = 0; i < n; i++) {
        at += step;
        began = now();

        if (began < at) {
            t.tv_sec = at / 1000000000;
            t.tv_nsec = at % 1000000000;
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);

            /* waking up is not what is measured */

            began = now();

        } else {
            began = at;
        }

        if (write(s[i % CONNECTIONS], request, sizeof(request) - 1) == -1) {
            fail("write");
        }

        len = read(s[i % CONNECTIONS], reply, sizeof(reply));

        if (len < 12 || memcmp(reply + 9, "200", 3) != 0) {
            fail("read");
        }

        took[i] = now() - began;
    }

    qsort(took, n, sizeof(int64_t), order);

    printf("%ld %.3f %.3f %.3f\n", n, took[n / 2] / 1e6, took[n * 99 / 100] / 1e6, took[n - 1] / 1e6);

    return 0;
}

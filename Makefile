# ngx_http_wxapp_module: the work is in tools/, everything generated below build/.
#
#   make deps      install what building and testing need (Debian, root or sudo)
#   make build     build/ngx_http_wxapp_module.so for Debian's nginx; NGINX_SRC=DIR for another nginx
#   make run       the shop example with its own MariaDB, Redis and WeChat simulator; make stop ends it
#   make test      all tests; TESTS="t/login.t" selects
#   make test-asan the same under AddressSanitizer and UBSan
#   make install   the module into Debian's nginx, DESTDIR honoured
#
# on servers of their own, the last line has the figures, SHORT=1 is quick (docs/operations.md, Commands):
#   make check-NAME    config (EXAMPLE=FILE), nonblocking, secrets, image, oversell, read-your-writes, sqlmap,
#                      refresh, vectors, rotation, jose, limit; and make soak, make fuzz, make test-postgrest-js
#   make bench-NAME    guards, data, auth, password

.PHONY: all deps build run stop test test-asan install clean soak check-nonblocking \
        check-secrets check-image check-config check-oversell check-read-your-writes \
        check-refresh check-sqlmap check-rotation check-jose check-limit fuzz test-postgrest-js bench-guards \
        bench-data bench-auth check-vectors bench-password

all: build

deps:
	@tools/deps build test

build:
	@tools/deps build
	@tools/build $(NGINX_SRC)

run:
	@exec tools/run

stop:
	@tools/run stop

test:
	@exec tools/test

test-asan:
	@exec tools/test asan

install: build
	@tools/install

# not build/cache: a template of MariaDB and the sanitized nginx, minutes of work
clean:
	@tools/run stop
	@for d in build/test build/test-asan; do [ ! -d $$d/services ] || tools/services stop $$d/services; done
	@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name cache ! -name deps -exec rm -rf {} +

soak:
	@exec t/check/soak
check-nonblocking:
	@exec t/check/nonblocking
check-secrets:
	@exec t/check/secrets
check-image:
	@exec t/check/image
check-config:
	@exec tools/run check
test-postgrest-js:
	@exec t/check/postgrest-js
check-oversell:
	@exec t/check/oversell
check-read-your-writes:
	@exec t/check/read-your-writes
check-refresh:
	@exec t/check/refresh
check-vectors:
	@exec t/check/vectors
check-sqlmap:
	@exec t/check/sqlmap
check-rotation:
	@exec t/check/rotation
check-jose:
	@exec t/check/jose
check-limit:
	@exec t/check/limit
fuzz:
	@exec t/fuzz/run
bench-guards:
	@exec bench/guards
bench-data:
	@exec bench/data
bench-auth:
	@exec bench/auth
bench-password:
	@exec bench/password

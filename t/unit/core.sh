# shellcheck shell=bash disable=SC1091,SC2034
# Sourced by t/unit/run and t/fuzz/run: src/base and the little of nginx's core that it stands on, as objects
# with sanitizers, below build/unit/. The core has every pool allocation as its own malloc, so that one byte
# too much is seen; UBSan is for our own code only, the core is not clean under it.

HERE=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
. "$HERE/tools/lib.sh"

CORE="core/ngx_string.c core/ngx_palloc.c core/ngx_times.c core/ngx_array.c core/ngx_list.c core/ngx_regex.c
      core/ngx_rbtree.c core/ngx_murmurhash.c core/ngx_sha1.c
      os/unix/ngx_alloc.c os/unix/ngx_time.c"
LIBS="-ljwt -lyajl -lcrypto -lcrypt -lpcre2-8"

# the source of the installed nginx: the sanitized core's, or fetched on its own
core_source() {
    local dir=$CACHE/asan/current/src
    if [ ! -e "$dir/src/core/nginx.c" ]; then
        dir=$CACHE/nginx-source
        if [ ! -e "$dir/src/core/nginx.c" ]; then
            say "fetching nginx's source (once)"
            "$TOP/tools/deps" asan
            PAPT_SRC=1 "$TOP/tools/papt" "$BUILD/deps/apt/source" "$(. /etc/os-release && echo "$VERSION_CODENAME")" >&2
            rm -rf "$dir.new"; mkdir -p "$dir.new"
            (cd "$dir.new" && APT_CONFIG=$BUILD/deps/apt/source/apt.conf apt-get source -qq nginx) >"$dir.log" 2>&1 ||
                { tail -n 20 "$dir.log" >&2; die "no nginx source"; }
            rm -rf "$dir"; mv "$dir.new"/nginx-*/ "$dir"; rm -rf "$dir.new"
        fi
    fi
    SRC=$dir/src
}

# what configure found, from a build of the module
core_config() {
    local d
    for d in "$BUILD/obj" "$BUILD/asan/obj"; do
        if [ -e "$d/ngx_auto_config.h" ]; then CONF=$d; return; fi
    done
    "$TOP/tools/build" >&2
    CONF=$BUILD/obj
}

# objects CC DIR BASE-FLAGS CORE-FLAGS: makes those that are older than their sources; sets FLAGS and OBJECTS
objects() {
    local cc=$1 dir=$2 base=$3 core=$4 f o pids=() p
    core_source; core_config
    mkdir -p "$dir"
    FLAGS="-g -O1 -fno-omit-frame-pointer -pipe -Wall -Wextra -Wno-unused-parameter -DNGX_DEBUG_PALLOC=1"
    FLAGS="$FLAGS -I$SRC/core -I$SRC/event -I$SRC/event/modules -I$SRC/event/quic -I$SRC/os/unix -I$CONF -I$TOP/src -I$TOP/t/unit"
    OBJECTS=
    local key
    key=$("$cc" --version | head -n 1; echo "$FLAGS $base $core"; cat "$CONF"/ngx_auto_*.h | cksum)
    if [ "$key" != "$(cat "$dir/key" 2>/dev/null)" ]; then
        rm -f "$dir"/*.o
        printf '%s\n' "$key" > "$dir/key"
    fi
    local newest=$TOP/t/unit/unit.h
    for f in "$TOP"/src/base/*.h; do [ "$f" -nt "$newest" ] && newest=$f; done
    for f in $CORE; do
        o=$dir/${f##*/}.o
        OBJECTS="$OBJECTS $o"
        [ "$o" -nt "$SRC/$f" ] && continue
        compile_one "$cc" "$FLAGS $core -Wno-implicit-fallthrough" "$SRC/$f" "$o" & pids+=($!)
    done
    for f in "$TOP"/src/base/*.c "$TOP"/t/unit/stub.c; do
        o=$dir/${f##*/}.o
        OBJECTS="$OBJECTS $o"
        [ "$o" -nt "$f" ] && [ "$o" -nt "$newest" ] && continue
        compile_one "$cc" "$FLAGS $base -Werror" "$f" "$o" & pids+=($!)
    done
    for p in "${pids[@]+"${pids[@]}"}"; do wait "$p" || return 1; done
}

compile_one() { # CC FLAGS FILE OBJECT; by rename, two runs may meet
    # the flags are words
    # shellcheck disable=SC2086
    "$1" $2 -c "$3" -o "$4.$$.${BASHPID}" && mv "$4.$$.${BASHPID}" "$4"
}

#!/bin/sh
# /etc/nginx/templates/NAME.template becomes /tmp/nginx/conf.d/NAME, with ${VARIABLE} of the environment filled
# in. Only names that begin with WXAPP_ (or match WXAPP_TEMPLATE_FILTER, a regular expression), so nginx's own
# variables stay; a name that matches and is not set is an error. Secrets do not belong there: they are files.
set -eu

: "${WXAPP_PORT:=8080}"
export WXAPP_PORT

for template in /etc/nginx/templates/*.template; do
    [ -e "$template" ] || continue
    name=${template##*/}
    out=/tmp/nginx/conf.d/${name%.template}
    # perl-base is a part of every Debian
    perl -e '
        my $filter = $ENV{WXAPP_TEMPLATE_FILTER} // "^WXAPP_";
        my @missing;
        while (my $line = <STDIN>) {
            $line =~ s{(\$\{([A-Za-z_][A-Za-z0-9_]*)\})}{
                my ($all, $name) = ($1, $2);
                $name !~ /$filter/ ? $all : $ENV{$name} // do { push @missing, $name; "" }
            }ge if $line !~ /^\s*#/;
            print $line;
        }
        die "$ARGV[0]: not set: @missing\n" if @missing;
    ' "$template" < "$template" > "$out.new"
    mv "$out.new" "$out"
done

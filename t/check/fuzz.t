use strict; use warnings; use FindBin; use lib "$FindBin::RealBin/lib";
# the long form installs it
BEGIN { if (system('command -v clang >/dev/null')) { print "1..0 # SKIP no clang\n"; exit } }
use Wrap qw(../fuzz/run plain);

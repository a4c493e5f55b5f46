use strict; use warnings; use FindBin; use lib "$FindBin::RealBin/lib";
use Wrap 'limit';

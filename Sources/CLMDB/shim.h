/* Debian's liblmdb as it is: nothing in it is variadic, so nothing needs wrapping. */
#include <lmdb.h>

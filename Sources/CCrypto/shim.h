/* Debian's libcrypto (OpenSSL 3) as it is. */
#ifndef AURA_CCRYPTO_SHIM_H
#define AURA_CCRYPTO_SHIM_H

#include <openssl/evp.h>

#endif

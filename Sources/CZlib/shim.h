#ifndef SLIPWAY_CZLIB_H
#define SLIPWAY_CZLIB_H
// Compression of zip archives and their checksums.
#include <zlib.h>
// Macros are not seen from Swift.
static inline int slipway_inflate_begin(z_stream *stream) { return inflateInit2(stream, -MAX_WBITS); }
static inline int slipway_deflate_begin(z_stream *stream) {
  return deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
}
#endif

// The one place that compiles stb. Its memory comes zeroed, because it shows what it never wrote: the rest of a JPEG whose data ends early,
// components no scan covers.
#include <cstdlib>
#include <cstring>

#include "engine/io/stb_config.h"

// Numbers in a damaged JPEG overflow in its arithmetic and only spoil pixels: wrapping is what is meant.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((no_sanitize("signed-integer-overflow", "shift"))), apply_to = function)
#else
#pragma GCC optimize("wrapv")
#endif
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"

// zlib packs tighter than stb's own deflate. The name and the malloc'd result are what stb_image_write asks for.
unsigned char* duel_zlib_for_stb(unsigned char* data, int length, int* packed_length, int level);
#define STBIW_ZLIB_COMPRESS duel_zlib_for_stb

#define STBI_MALLOC(bytes) std::calloc(1, bytes)
#define STBI_REALLOC(data, bytes) std::realloc(data, bytes)
#define STBI_FREE(data) std::free(data)
#define STB_IMAGE_IMPLEMENTATION
#include <stb_image.h>
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_image_write.h>
// Its check that a downsampling kernel's weights add up to 0.9 … 1.1 fails for some sizes (23 to 16, 45 to 32), and it divides by their sum
// right behind the check.
#define STBIR_ASSERT(condition) ((void)sizeof(condition))
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#include <stb_image_resize.h>
#if defined(__clang__)
#pragma clang attribute pop
#endif

#include <zlib.h>

unsigned char* duel_zlib_for_stb(unsigned char* data, int length, int* packed_length, int level) {
  uLongf size = compressBound(static_cast<uLong>(length));
  auto* packed = static_cast<unsigned char*>(std::malloc(size));
  if (packed && compress2(packed, &size, data, static_cast<uLong>(length), level > 9 ? 9 : level) != Z_OK) {
    std::free(packed);
    return nullptr;
  }
  *packed_length = static_cast<int>(size);
  return packed;
}

// How stb is compiled, and seen by image.cpp: PNG and JPEG only, from memory only.
#pragma once
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_MAX_DIMENSIONS 8192
#define STBI_WRITE_NO_STDIO

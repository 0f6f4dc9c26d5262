// Exercise of docs/lessons/kernels.md: how many wavefronts a request to shared memory takes.
//
//   g++ -std=c++20 docs/lessons/exercises/kernels.cpp -o /tmp/exercise && /tmp/exercise
//
// says whether wavefronts() is right. It asks for patterns whose answer is known from how they were made, so how to count is nowhere in
// this file.
#include <cstdio>
#include <numeric>
#include <utility>
#include <vector>

constexpr int banks = 32;

// Yours: words[i] is the word that lane i wants (4 bytes, numbered from 0). A warp may have fewer than 32 lanes that take part, at least
// one.
int wavefronts(const std::vector<int>& words) {
  return 1;  // write it here
}

std::vector<int> apart(int stride, int lanes = 32, int from = 0) {
  std::vector<int> words;
  for (int lane = 0; lane < lanes; ++lane) words.push_back(from + lane * stride);
  return words;
}

bool right(const std::vector<int>& words, int expected, const char* what) {
  const int told = wavefronts(words);
  if (told == expected) return true;
  std::printf("wrong: %s: wavefronts() says %d, and it is %d; the lanes want words", what, told, expected);
  for (int w : words) std::printf(" %d", w);
  std::printf("\n");
  return false;
}

int main() {
  if (!right(apart(1), 1, "neighbours") || !right(apart(32), 32, "a column of a tile with rows of 32")) return 1;
  if (!right(apart(33), 1, "a column of a tile with rows of 33") || !right(apart(0, 32, 5), 1, "the same word for all")) return 1;
  for (int stride = 1; stride <= 100; ++stride) {
    if (!right(apart(stride), std::gcd(stride, banks), "words a stride apart")) return 1;
    if (!right(apart(stride, 32, 17), std::gcd(stride, banks), "the same from word 17 on")) return 1;  // all banks move on alike
  }
  if (!right(apart(32, 5), 5, "five lanes only")) return 1;

  unsigned state = 1;
  auto below = [&](int n) {
    state = state * 1664525u + 1013904223u;
    return static_cast<int>((state >> 16) % static_cast<unsigned>(n));
  };
  for (int round = 0; round < 200; ++round) {
    // Bank 7 is wanted for `most` different words and others for no more; further lanes repeat what these want.
    const int most = 1 + below(6);
    std::vector<int> words;
    for (int i = 0; i < most; ++i) words.push_back(7 + banks * (3 * i + round));
    for (int bank = 8, end = 8 + below(8); bank < end; ++bank)
      for (int i = below(most); i >= 0 && words.size() < 24; --i) words.push_back(bank + banks * (2 * i));
    while (words.size() < 32) words.push_back(words[static_cast<size_t>(below(static_cast<int>(words.size())))]);
    for (size_t i = words.size(); i > 1; --i) std::swap(words[i - 1], words[static_cast<size_t>(below(static_cast<int>(i)))]);
    if (!right(words, most, "lanes in no order, some wanting the same word")) return 1;
  }
  std::printf("right\n");
}

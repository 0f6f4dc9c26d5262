// Atomic files under faults, bounded reading, gzip, base64.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "engine/io/atomic_file.h"
#include "engine/io/base64.h"
#include "engine/io/bounded_reader.h"
#include "engine/io/file.h"
#include "engine/io/gzip.h"
#include "tests/allocation_watch.h"
#include "tests/file_support.h"

using namespace duel;
using namespace duel::test;

namespace {

// Fails the `at`-th call of one kind with `error`; writes may also be cut short.
struct Fault {
  std::string call;
  int at = 0, error = 0, seen = 0;
  size_t most_written = SIZE_MAX;
} fault;
const FileCalls real_calls = file_calls();

bool hit(const char* call) {
  if (fault.call != call || fault.seen++ != fault.at) return false;
  errno = fault.error;
  return true;
}
struct FaultyDisk {
  explicit FaultyDisk(Fault f) {
    fault = std::move(f);
    file_calls() = {[](const char* p, int flags, mode_t m) { return hit("open") ? -1 : real_calls.open(p, flags, m); },
                    [](int fd, const void* d, size_t n) -> ssize_t {
                      return hit("write") ? -1 : real_calls.write(fd, d, std::min(n, fault.most_written));
                    },
                    [](int fd) { return hit("fsync") ? -1 : real_calls.fsync(fd); },
                    [](int fd) {
                      const int result = real_calls.close(fd);
                      return hit("close") ? -1 : result;
                    },
                    [](const char* a, const char* b) { return hit("rename") ? -1 : real_calls.rename(a, b); },
                    real_calls.unlink};
  }
  ~FaultyDisk() { file_calls() = real_calls; }
};

std::string gzipped(const std::string& text) {
  z_stream z{};
  REQUIRE(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&z, text.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

}  // namespace

TEST_CASE("printable text") {
  CHECK(printable("plain é 日本 😀") == "plain é 日本 😀");
  CHECK(printable("a\nb\x1b[31m\x7f") == "a\\x0ab\\x1b[31m\\x7f");
  CHECK(printable("\xff\xc0\xaf\xed\xa0\x80 \\") == "\\xff\\xc0\\xaf\\xed\\xa0\\x80 \\\\");
  CHECK(printable("\xc2\x9b") == "\\xc2\\x9b");
  CHECK(printable(std::string(500, 'x'), 10) == "xxxxxxxxxx…");
}

TEST_CASE("read_file: limits and reasons") {
  TempFolder folder;
  put(folder / "five", "12345");
  CHECK(read_file(folder / "five", 5).size() == 5);
  check_refused([&] { read_file(folder / "five", 4); }, {folder / "five", "5 bytes, more than the 4"});
  check_refused([&] { read_file(folder / "none", 4); }, {folder / "none", "No such file"});
  check_refused([&] { read_file(folder.path().string(), 4); }, {folder.path().string(), "folder"});
  check_refused([&] { read_file("/dev/zero", 4); }, {"/dev/zero", "not a regular file"});
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  check_refused([&] { read_file(folder / "pipe", 4); }, {"pipe", "not a regular file"});  // and does not hang
  // A file of a terabyte, sparse: refused by its size, with nothing allocated.
  put(folder / "huge", "");
  if (::truncate((folder / "huge").c_str(), off_t{1} << 40) == 0) {
    largest_allocation = 0;
    check_refused([&] { read_file(folder / "huge", uint64_t{256} << 20); }, {"huge", "more than the 268435456 allowed"});
    CHECK(largest_allocation < 1 << 16);
  }
}

TEST_CASE("bounded reader: lengths are held against what is left") {
  const std::string text = "\x01\x02\x03\x04\x05\x06\x07\x08\x09";
  BoundedReader r(as_bytes(text), "some file");
  CHECK(r.u16_big("x") == 0x0102);
  CHECK(r.left() == 7);
  check_refused([&] { r.take(8, "a thing"); }, {"some file", "truncated", "a thing"});
  check_refused([&] { r.take(UINT64_MAX, "a thing"); }, {"some file", "truncated"});
  check_refused([&] { r.u64_little("a number"); }, {"truncated"});
  CHECK(r.u32_big("x") == 0x03040506u);
  check_refused([&] { r.finish(); }, {"some file", "3 bytes follow"});
  CHECK(r.take(3, "rest").size() == 3);
  r.finish();
  CHECK(BoundedReader(as_bytes(text), "f").u64_little("x") == 0x0807060504030201u);
  uint64_t product = 0;
  CHECK(checked_product({1u << 31, 1u << 31, 2}, &product));
  CHECK(product == uint64_t{1} << 63);
  CHECK_FALSE(checked_product({1u << 31, 1u << 31, 4}, &product));
}

TEST_CASE("atomic file: content, replacement, no leftovers") {
  TempFolder folder;
  write_file_atomic(folder / "a", std::string("first"));
  write_file_atomic(folder / "a", std::string("second"));
  CHECK(get(folder / "a") == "second");
  {
    AtomicFile abandoned(folder / "a");
    abandoned.write("third", 5);
  }
  CHECK(get(folder / "a") == "second");
  CHECK(names_in(folder).size() == 1);
}

TEST_CASE("atomic file: every fault at every call leaves the old file or the new one, and says why") {
  TempFolder folder;
  const std::string old_bytes(1000, 'o'), new_bytes(5000, 'n'), path = folder / "check.point";
  int faults = 0;
  for (const char* call : {"open", "write", "fsync", "close", "rename"})
    for (const int error : {ENOSPC, EIO, EACCES, EDQUOT, EROFS}) {
      for (int at = 0;; ++at) {
        put(path, old_bytes);
        bool threw = false;
        {
          FaultyDisk disk({.call = call, .at = at, .error = error, .most_written = 700});
          try {
            write_file_atomic(path, new_bytes);
          } catch (const Error& e) {
            threw = true;
            CHECK(e.kind == Failure::data);
            CHECK(std::string(e.what()).find(path) != std::string::npos);
            CHECK(std::string(e.what()).find(std::strerror(error)) != std::string::npos);
          }
        }
        const bool was_hit = fault.seen > at;
        const std::string now = get(path);
        CHECK((now == old_bytes || now == new_bytes));
        CHECK(names_in(folder).size() == 1);  // no temporary file
        if (!was_hit) {
          CHECK_FALSE(threw);
          CHECK(now == new_bytes);
          break;
        }
        ++faults;
        // Closing the flushed folder is the one call whose failure changes nothing.
        if (!(std::string(call) == "close" && at == 1)) CHECK(threw);
        if (std::string(call) != "close" && !(std::string(call) != "write" && at == 1)) CHECK(now == old_bytes);
      }
    }
  CHECK(faults == 5 * (2 + 8 + 2 + 2 + 1));  // opens, writes of 700 bytes, flushes, closes, renames
}

TEST_CASE("atomic file: short writes and interrupted calls go on, a write of nothing ends") {
  TempFolder folder;
  const std::string bytes(5000, 'x');
  {
    FaultyDisk disk({.call = "", .most_written = 1});
    write_file_atomic(folder / "slow", bytes);
  }
  CHECK(get(folder / "slow") == bytes);
  for (const char* call : {"open", "write", "fsync"})
    for (int at : {0, 1}) {
      FaultyDisk disk({.call = call, .at = at, .error = EINTR, .most_written = 3000});
      write_file_atomic(folder / "interrupted", bytes);
      CHECK(fault.seen > at);
      CHECK(get(folder / "interrupted") == bytes);
    }
  FaultyDisk disk({.call = "", .most_written = 0});
  check_refused([&] { write_file_atomic(folder / "stuck", bytes); }, {folder / "stuck", std::strerror(EIO)});
}

TEST_CASE("atomic file: folders that are missing or refuse") {
  TempFolder folder;
  check_refused([&] { write_file_atomic(folder / "no/such/file", std::string("x")); },
                {folder / "no/such/file", "No such file", "create the folder"});
  check_refused([&] { write_file_atomic(folder.path().string() + "/", std::string("x")); }, {folder.path().string()});
  std::filesystem::create_directory(folder / "taken");
  check_refused([&] { write_file_atomic(folder / "taken", std::string("x")); }, {folder / "taken", "directory"});
  CHECK(names_in(folder).size() == 1);
  check_refused([&] { write_file_atomic("/proc/duel", std::string("x")); }, {"/proc/duel"});
}

TEST_CASE("atomic file: what a killed program left is removed, a writer at work is left alone") {
  TempFolder folder;
  put(folder / ".model.123-4.duel-tmp", "left by a crash");
  put(folder / ".model.x.123-4.duel-tmp", "of another file");
  put(folder / ".model.duel-tmp", "not ours");
  AtomicFile at_work(folder / "model");
  at_work.write("slow", 4);
  write_file_atomic(folder / "model", std::string("quick"));
  at_work.commit();
  CHECK(get(folder / "model") == "slow");
  auto names = names_in(folder);
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{".model.duel-tmp", ".model.x.123-4.duel-tmp", "model"});
}

TEST_CASE("gzip: exactly what is expected") {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += static_cast<char>(i * i >> 5);
  const std::string good = gzipped(text);
  const auto inflated = [&](const std::string& file, size_t n) { return inflate_exactly(as_bytes(file), n, "g.gz"); };
  const auto out = inflated(good, text.size());
  CHECK(std::memcmp(out.data(), text.data(), text.size()) == 0);
  check_refused([&] { inflated(good, text.size() - 1); }, {"g.gz", "more data"});
  check_refused([&] { inflated(good, text.size() + 1); }, {"g.gz", "ends after 20000"});
  check_refused([&] { inflated(good + "x", text.size()); }, {"g.gz", "1 byte follows"});
  check_refused([&] { inflated(good + good, text.size()); }, {"g.gz", "bytes follow"});
  check_refused([&] { inflated("not gzip", 3); }, {"g.gz", "not a gzip"});
  for (size_t n = 2; n < good.size(); n += n < 40 || n + 40 > good.size() ? 1 : 97)
    check_refused([&] { inflated(good.substr(0, n), text.size()); }, {"g.gz", n < good.size() / 2 ? "" : "truncated"});
  std::string bad = good;
  bad[bad.size() - 6] = static_cast<char>(bad[bad.size() - 6] ^ 1);  // the CRC
  check_refused([&] { inflated(bad, text.size()); }, {"g.gz", "incorrect data check"});
  bad = good;
  bad[bad.size() - 2] = static_cast<char>(bad[bad.size() - 2] ^ 1);  // the length
  check_refused([&] { inflated(bad, text.size()); }, {"g.gz", "incorrect length check"});
  // A bomb: 64 MB of zeros that claim to be 100 bytes are never inflated, and a claim the bytes cannot hold gets no memory.
  const std::string bomb = gzipped(std::string(64 << 20, '\0'));
  CHECK(bomb.size() < 100'000);
  largest_allocation = 0;
  check_refused([&] { inflated(bomb, 100); }, {"g.gz", "more data"});
  check_refused([&] { inflated(bomb, uint64_t{1} << 40); }, {"g.gz", "cannot hold"});
  CHECK(largest_allocation < 1 << 20);
  CHECK(inflated(bomb, 64 << 20).size() == 64 << 20);
}

TEST_CASE("base64: the vectors of RFC 4648") {
  const std::map<std::string, std::string> vectors = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) CHECK(base64({reinterpret_cast<const uint8_t*>(plain.data()), plain.size()}) == coded);
}

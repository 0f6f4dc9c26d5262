#include "apps/support/command/signals.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace duel {
namespace {

std::atomic<int> stop_signal{0};
std::atomic<int64_t> stop_time{0};  // nanoseconds
std::atomic<int> save_wanted{0};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<int64_t>::is_always_lock_free, "used inside a signal handler");

// timeout(1) signals its child and then the child's whole group, so one request arrives twice within microseconds.
constexpr int64_t same_request_ns = 100'000'000;

int64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

// Only atomics and functions that POSIX lists as async-signal-safe: clock_gettime, write, _exit.
void on_stop(int number) {
  const int saved = errno;
  const int64_t now = now_ns();
  int none = 0;
  if (stop_signal.compare_exchange_strong(none, number)) {
    stop_time = now;
    static constexpr char text[] = "\nfinishing this step, then saving; a second signal stops at once\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) {
    }  // nobody is left to read it: the flag is what counts
  } else {
    const int64_t since = stop_time;  // 0 while the first handler, on another thread, is between its two lines
    if (since != 0 && now - since > same_request_ns) _exit(128 + number);
  }
  errno = saved;
}

void on_save(int) { save_wanted = 1; }

void handle(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;  // reads and writes of files go on as if nothing had happened
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, nullptr);
}

}  // namespace

void install_signals() {
  stop_signal = 0;
  stop_time = 0;
  save_wanted = 0;
  handle(SIGINT, on_stop);
  handle(SIGTERM, on_stop);
  handle(SIGUSR1, on_save);
}

bool stop_requested() { return stop_signal.load() != 0; }

int stop_exit_code() {
  const int number = stop_signal.load();
  return number == 0 ? 0 : 128 + number;
}

bool take_save_request() { return save_wanted.exchange(0) != 0; }

}  // namespace duel

// Ctrl-C, kill, and "save now". The first SIGINT or SIGTERM only raises a flag: the training loop polls it after every step, saves and
// returns stop_exit_code(). A second one ends the process at once. SIGUSR1 asks for a checkpoint and the run goes on.
#pragma once

namespace duel {

// Installs the three handlers. Calling it again starts afresh, with every flag lowered.
void install_signals();

bool stop_requested();     // SIGINT or SIGTERM has arrived
int stop_exit_code();      // 128 + its number, that is 130 or 143; 0 when none has arrived
bool take_save_request();  // true once for the SIGUSR1s since the last call

}  // namespace duel

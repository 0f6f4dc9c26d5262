#include "apps/support/command/flags.h"

#include <cerrno>
#include <cstdlib>

namespace duel {

CLI::Validator fits_64_bits() {
  return {[](std::string& text) -> std::string {
            errno = 0;
            std::strtoll(text.c_str(), nullptr, 10);
            return errno == ERANGE ? text + " does not fit into 64 bits" : "";
          },
          ""};
}

}  // namespace duel

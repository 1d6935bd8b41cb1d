#include "model/state/config.h"

namespace isobar::model {

std::string MachineConfig::invalid() const {
  if (cores < 1 || cores > kMaxCores) return "a machine has 1 to 16 cores";
  if (window < 16 || window > 64) return "the window holds 16 to 64 micro-ops";
  if (max_guesses < 1 || max_guesses > 64) return "the number of unresolved guesses is limited to 1 to 64";
  if (max_iterations < 1 || max_iterations > 64) return "the number of loop iterations in flight is limited to 1 to 64";
  if (line_bytes < 4 || line_bytes > 2048 || (line_bytes & (line_bytes - 1)) != 0)
    return "a cache line has 4 to 2048 bytes and a power of two";
  if (dic && !idc) return "CTR_EL0.DIC = 1 needs IDC = 1: a fetch cannot see what is not at the point of unification";
  if (timer_ticks > 255) return "search delivers at most 255 timer interrupts per core";
  return {};
}

}  // namespace isobar::model

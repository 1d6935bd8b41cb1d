// The list of system calls by number (include/uapi/asm-generic/unistd.h).
#include <algorithm>
#include <iterator>

#include "linux-user/process.h"

namespace isobar::linux_user {

const std::vector<SystemCall>& system_calls() {
  static const std::vector<SystemCall> all = [] {
    std::vector<SystemCall> list;
    for (auto part : {memory_calls, file_calls, time_calls, thread_calls, futex_calls, signal_calls, process_calls,
                      rseq_calls}) {
      const std::vector<SystemCall> calls = part();
      list.insert(list.end(), calls.begin(), calls.end());
    }
    std::sort(list.begin(), list.end(), [](const SystemCall& a, const SystemCall& b) { return a.number < b.number; });
    return list;
  }();
  return all;
}

const SystemCall* find_system_call(u64 number) {
  const std::vector<SystemCall>& all = system_calls();
  const auto it =
      std::lower_bound(all.begin(), all.end(), number, [](const SystemCall& c, u64 n) { return c.number < n; });
  return it != all.end() && it->number == number ? &*it : nullptr;
}

}  // namespace isobar::linux_user

// The list of system calls by number (include/uapi/asm-generic/unistd.h), how they are made, wait and end.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "linux-user/clock.h"

namespace isobar::linux_user {

const std::vector<SystemCall>& system_calls() {
  static const std::vector<SystemCall> all = [] {
    std::vector<SystemCall> list;
    for (auto part : {memory_calls, file_calls, path_calls, time_calls, timer_calls, schedule_calls, clone_calls, exec_calls, child_calls, thread_calls, futex_calls,
                      signal_calls, process_calls, rseq_calls}) {
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

void Process::enter(Thread& t, const isa::StepResult& r) {
  constexpr u64 kCallTime = 100;
  if (r.kind != isa::StepResult::Kind::Exception || r.exception != isa::ExceptionOp::Svc) {
    take_fault(t, r);
    return report_tags(t);
  }
  t.core.state().pc += 4;
  t.core.state().monitor = {};
  system.pass_time(t, kCallTime);
  system_call(t);
  if (system.options.checks_sequences && !t.ended && is_in_sequence(t, t.core.state().pc))
    force(t, {kSigsegv, si_code::kKernel});
  report_tags(t);
  system.note_wait(t);
}

void Process::system_call(Thread& t) {
  act_for(t);
  isa::ArchState& s = t.core.state();
  t.call = {static_cast<u32>(s.x[8]), {}};
  std::copy_n(s.x.begin(), 6, t.call.a);
  t.transferred = 0;
  t.deadline.reset();
  const SystemCall* known = find_system_call(t.call.number);
  const Call call = t.call;
  const i64 result = known != nullptr ? known->run(*this, t, call) : -kENOSYS;
  if (result != kNoResult) s.x[0] = static_cast<u64>(result);
  if (system.options.trace) trace_call(t, result);
}

void Process::retry(Thread& t) {
  act_for(t);
  t.wait.reset();
  const Call call = t.call;
  const i64 result = find_system_call(call.number)->run(*this, t, call);
  system.note_wait(t);
  if (t.wait) return;
  if (t.blocked_before) t.blocked = *t.blocked_before;
  t.blocked_before.reset();
  if (result != kNoResult) t.core.state().x[0] = static_cast<u64>(result);
  if (system.options.trace) trace_call(t, result);
}

/// The call returns EINTR, or is made again: without a handler, or after one that says so.
void Process::interrupt(Thread& t) {
  act_for(t);
  // What is waited for may have come with the signal, as a child's end does.
  if (t.wait->kind == Wait::Kind::Event) retry(t);
  if (!t.wait) return;
  const Wait w = *t.wait;
  const SignalInfo* next = next_pending(t);
  if (next == nullptr) return;
  const i32 number = next->number;
  const Action& a = (*actions)[static_cast<std::size_t>(number)];
  // What stops the process leaves the wait as it is; only what kills ends that for the child of vfork().
  if (a.handler == kDefaultAction && is_stop(number)) {
    take_pending(t);
    return stop(number);
  }
  if (w.kind == Wait::Kind::Vfork && number != kSigkill) return;
  system.wake(t, t.transferred != 0 ? static_cast<i64>(t.transferred) : w.result_interrupted);
  if (t.transferred != 0) return;
  if (w.always_restarts || (w.restarts && (a.handler <= kIgnore || (a.flags & action_flag::kRestart) != 0))) {
    t.core.state().pc -= 4;
    t.core.state().x[0] = t.call.a[0];
  } else if (w.remaining != 0 && w.deadline) {
    const u64 left = *w.deadline > system.now() ? *w.deadline - system.now() : 0;
    put(w.remaining, to_timespec(left));
  }
}

void Process::note_call(const Thread& t, u64 number, u64 result) const {
  const SystemCall* known = find_system_call(number);
  if (known == nullptr || !system.options.trace) return;
  system.options.trace(fmt::format("[{}] {}({}) = {:#x}", t.tid, known->name, known->arguments == 0 ? "" : "...", result));
}

void Process::trace_call(const Thread& t, i64 result) {
  const SystemCall* known = find_system_call(t.call.number);
  std::string line = fmt::format("[{}] ", t.tid);
  if (known == nullptr) {
    if (!reported.insert(t.call.number).second) return;
    system.options.trace(line + fmt::format("system call {} is not supported: ENOSYS (reported once)", t.call.number));
    return;
  }
  line += std::string(known->name) + "(";
  for (unsigned i = 0; i < known->arguments; ++i) line += fmt::format("{}{:#x}", i == 0 ? "" : ", ", t.call.a[i]);
  if (result == kNoResult) {
    line += t.ended || system.outcome() ? ") ends" : t.wait ? ") waits" : ") returns";
  } else {
    line += result < 0 && result > -4096 ? fmt::format(") = {}", result) : fmt::format(") = {:#x}", result);
  }
  system.options.trace(line);
}

}  // namespace isobar::linux_user

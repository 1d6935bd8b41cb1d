// Which thread runs on which core for how long: round robin, slices of random length from the seed. One clock: an
// instruction of any core takes 1 ns, a system call 100 ns; when every thread waits, it moves to the first deadline.
#include <fmt/format.h>

#include <algorithm>

#include "linux-user/process.h"
#include "support/bits.h"
#include "support/diagnostic.h"

namespace isobar::linux_user {

namespace {

using isa::StepResult;

constexpr u64 kCallTime = 100;
/// Instructions of a slice: enough for any load-exclusive store-exclusive loop to succeed.
constexpr u64 kShortest = 100, kLongest = 1000, kAlone = 20000;

bool runs(const Thread& t) {
  return !t.ended && !t.wait;
}

}  // namespace

/// SplitMix64.
u64 Process::random() {
  u64 z = random_state_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

void Process::end(Outcome::Kind kind, int status, std::string message) {
  if (!outcome_) outcome_ = Outcome{kind, status, std::move(message)};
}

Thread* Process::find_thread(i32 tid) {
  for (const auto& t : threads) {
    if (t->tid == tid && !t->ended) return t.get();
  }
  return nullptr;
}

unsigned Process::alive() const {
  return static_cast<unsigned>(std::count_if(threads.begin(), threads.end(), [](const auto& t) { return !t->ended; }));
}

void Process::wake(Thread& t, i64 result) {
  std::erase(waiters, &t);
  t.wait.reset();
  t.core.state().x[0] = static_cast<u64>(result);
}

unsigned Process::wake_futex(u64 address, unsigned count, u32 bitset) {
  unsigned woken = 0;
  for (std::size_t i = 0; i < waiters.size() && woken < count;) {
    Thread& t = *waiters[i];
    const std::vector<u64>& others = t.wait->others;
    const auto other = std::find(others.begin(), others.end(), address);
    if (t.wait->address == address && (t.wait->bitset & bitset) != 0) {
      wake(t, 0);
      ++woken;
    } else if (other != others.end()) {
      wake(t, other - others.begin() + 1);
      ++woken;
    } else {
      ++i;
    }
  }
  return woken;
}

/// The next thread of a core, after the one that ran there last; else one that another core has too many of.
Thread* Process::choose(unsigned cpu) {
  Thread* first = nullptr;
  Thread* next = nullptr;
  for (const auto& t : threads) {
    if (!runs(*t) || t->cpu != cpu) continue;
    if (first == nullptr) first = t.get();
    if (next == nullptr && t->tid > last_on_cpu_[cpu]) next = t.get();
  }
  if (next == nullptr) next = first;
  if (next == nullptr) {
    std::vector<unsigned> load(options.cores, 0);
    for (const auto& t : threads) load[t->cpu] += runs(*t) ? 1 : 0;
    for (const auto& t : threads) {
      if (!runs(*t) || load[t->cpu] < 2 || bit(t->affinity, cpu) == 0 || t->tid == last_on_cpu_[t->cpu]) continue;
      next = t.get();
      next->cpu = cpu;
      break;
    }
  }
  if (next != nullptr) last_on_cpu_[cpu] = next->tid;
  return next;
}

std::optional<u64> Process::next_deadline() const {
  std::optional<u64> first;
  for (const auto& t : threads) {
    if (t->ended || !t->wait || !t->wait->deadline) continue;
    if (!first || *t->wait->deadline < *first) first = t->wait->deadline;
  }
  return first;
}

void Process::wake_sleepers() {
  for (const auto& t : threads) {
    if (t->ended || !t->wait || !t->wait->deadline || *t->wait->deadline > time_) continue;
    wake(*t, t->wait->kind == Wait::Kind::Futex ? -kETIMEDOUT : 0);
    if (t->blocked_before) t->blocked = *t->blocked_before;
    t->blocked_before.reset();
  }
}

std::string Process::describe_waits() const {
  std::string out = "deadlock: every thread waits";
  for (const auto& t : threads) {
    if (t->ended) continue;
    out += fmt::format("\n  thread {} ", t->tid);
    out += t->wait->kind == Wait::Kind::Futex ? fmt::format("on the futex at {:#x}", t->wait->address)
                                              : std::string("for a signal");
    out += fmt::format(", pc {:#x}", t->core.state().pc);
  }
  return out;
}

/// A signal ends a wait: the call returns EINTR, or is made again after a handler that says so.
void Process::interrupt(Thread& t) {
  const Wait w = *t.wait;
  i32 number = 0;
  for (const std::deque<SignalInfo>* queue : {&t.pending, &pending}) {
    for (const SignalInfo& s : *queue) {
      if (number == 0 && (signal_bit(s.number) & t.blocked) == 0) number = s.number;
    }
  }
  wake(t, -kEINTR);
  const Action& a = actions[number];
  if (w.restarts && (a.handler <= kIgnore || (a.flags & action_flag::kRestart) != 0)) {
    t.core.state().pc -= 4;
    t.core.state().x[0] = t.call_argument;
  } else if (w.remaining != 0 && w.deadline) {
    const u64 left = *w.deadline > time_ ? *w.deadline - time_ : 0;
    put(w.remaining, TimeSpec{static_cast<i64>(left / 1'000'000'000), static_cast<i64>(left % 1'000'000'000)});
  }
}

u64 Process::run_slice(Thread& t, u64 quantum) {
  u64 used = 0;
  slice_ends_ = false;
  // Between two slices the core may have run anything.
  restart_sequence(t);
  while (used < quantum && !outcome_ && !slice_ends_ && runs(t)) {
    if (has_deliverable(t)) {
      deliver_signals(t);
      continue;
    }
    t.core.state().set(isa::Reg::CNTVCT_EL0, {time_, 0});
    const u64 before = t.core.executed();
    const StepResult r = t.core.run(quantum - used);
    const u64 done = t.core.executed() - before;
    used += done;
    time_ += done;
    if (r.kind == StepResult::Kind::Completed) continue;
    if (r.kind == StepResult::Kind::Hint) break;
    if (r.kind == StepResult::Kind::Exception && r.exception == isa::ExceptionOp::Svc) {
      t.core.state().pc += 4;
      t.core.state().monitor = {};
      time_ += kCallTime;
      system_call(t);
    } else {
      take_fault(t, r);
    }
  }
  // Another thread may write what the monitor covers; losing it is always allowed (Arm ARM B2.12.5).
  t.core.state().monitor = {};
  return used;
}

Outcome Process::run() {
  while (!outcome_) {
    for (const auto& t : threads) {
      if (t->wait && has_deliverable(*t)) interrupt(*t);
    }
    bool any = false;
    u64 longest = kAlone;
    if (std::count_if(threads.begin(), threads.end(), [](const auto& t) { return runs(*t); }) > 1) longest = kLongest;
    for (unsigned cpu = 0; cpu < options.cores && !outcome_; ++cpu) {
      Thread* t = choose(cpu);
      if (t == nullptr) continue;
      any = true;
      u64 quantum = kShortest + random() % (longest - kShortest + 1);
      if (options.limit) quantum = std::min(quantum, *options.limit - executed_);
      executed_ += run_slice(*t, quantum);
      if (!outcome_ && options.limit && executed_ >= *options.limit)
        end(Outcome::Kind::LimitReached, 0, fmt::format("the limit of {} instructions was reached", *options.limit));
    }
    std::erase_if(threads, [](const auto& t) { return t->ended; });
    if (outcome_) break;
    if (!any) {
      const std::optional<u64> deadline = next_deadline();
      if (!deadline) {
        end(Outcome::Kind::Deadlock, 0, describe_waits());
        break;
      }
      time_ = std::max(time_, *deadline);
    }
    wake_sleepers();
  }
  outcome_->instructions = executed_;
  return *outcome_;
}

void Process::system_call(Thread& t) {
  isa::ArchState& s = t.core.state();
  Call call{static_cast<u32>(s.x[8]), {}};
  std::copy_n(s.x.begin(), 6, call.a);
  t.call_argument = call.a[0];
  const SystemCall* known = find_system_call(call.number);
  const i64 result = known != nullptr ? known->run(*this, t, call) : -kENOSYS;
  if (result != kNoResult) s.x[0] = static_cast<u64>(result);
  if (!options.trace) return;
  std::string line = fmt::format("[{}] ", t.tid);
  if (known == nullptr) {
    if (!reported.insert(call.number).second) return;
    options.trace(line + fmt::format("system call {} is not supported: ENOSYS (reported once)", call.number));
    return;
  }
  line += std::string(known->name) + "(";
  for (unsigned i = 0; i < known->arguments; ++i) line += fmt::format("{}{:#x}", i == 0 ? "" : ", ", call.a[i]);
  if (result == kNoResult) {
    line += t.ended || outcome_ ? ") ends" : t.wait ? ") waits" : ") returns";
  } else {
    line += result < 0 && result > -4096 ? fmt::format(") = {}", result) : fmt::format(") = {:#x}", result);
  }
  options.trace(line);
}

}  // namespace isobar::linux_user

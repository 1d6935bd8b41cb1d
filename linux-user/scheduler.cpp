// Which thread runs on which core for how long: round robin, slices of random length from the seed. One clock: an
// instruction of any core takes 1 ns, a system call 100 ns; when every thread waits, it moves to the first deadline.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "linux-user/system.h"
#include "support/bits.h"
#include "support/diagnostic.h"

namespace isobar::linux_user {

namespace {

using isa::StepResult;

/// Instructions of a slice: enough for any load-exclusive store-exclusive loop to succeed.
constexpr u64 kShortest = 100, kLongest = 1000, kAlone = 20000;

}  // namespace

/// SplitMix64.
u64 System::random() {
  u64 z = random_state_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

System::System(ElfImage image, Options o)
    : options(std::move(o)),
      random_state_(options.seed),
      last_on_cpu_(options.cores, 0),
      in_sequences_(options.cores, nullptr) {
  Process& first = add_process();
  first.group = first.session = first.pid;
  first.files = std::make_shared<FileTable>();
  for (int fd = 0; fd < 3; ++fd) (*first.files)[fd].file = open_console(*this, fd);
  first.actions = std::make_shared<Actions>();
  first.space = std::make_shared<AddressSpace>();
  first.space->memory = std::make_shared<functional::Memory>(options.page_limit, options.coherent_fetch, options.tagging);
  Thread& t = add_thread(first);
  t.affinity = ones(options.cores);
  t.tso = options.memory_model == MemoryModel::Switchable && options.tso_at_start;
  first.memory().pool()->stop = options.stop;
  first_program_ = std::make_shared<const ElfImage>(std::move(image));
  first.load(t, first_program_, options.arguments, options.environment);
}

void System::end(Outcome::Kind kind, int status, std::string message) {
  if (!outcome_) outcome_ = Outcome{kind, status, std::move(message)};
}

Process& System::add_process() {
  processes_.push_back(std::make_unique<Process>(*this, next_tid_));
  return *processes_.back();
}

Thread& System::add_thread(Process& p) {
  p.threads.push_back(std::make_unique<Thread>(p, p.memory(), next_tid_++));
  threads_.push_back(p.threads.back().get());
  return *threads_.back();
}

void System::renumber(Thread& t, i32 tid) {
  t.tid = tid;
  std::sort(threads_.begin(), threads_.end(), [](const Thread* a, const Thread* b) {
    return a->tid != b->tid ? a->tid < b->tid : a->ended < b->ended;
  });
}

unsigned System::least_loaded(u64 affinity) const {
  std::vector<unsigned> load(options.cores, 0);
  for (const Thread* t : threads_) load[t->cpu] += t->ended ? 0 : 1;
  unsigned best = static_cast<unsigned>(std::countr_zero(affinity));
  for (unsigned cpu = best; cpu < options.cores; ++cpu) {
    if (bit(affinity, cpu) != 0 && load[cpu] < load[best]) best = cpu;
  }
  return best;
}

u32 System::concurrency_id(Thread& t) {
  u64 used = 0;
  unsigned others = 0;
  for (unsigned cpu = 0; cpu < in_sequences_.size(); ++cpu) {
    Thread*& u = in_sequences_[cpu];
    if (cpu == t.cpu) {
      u = &t;
    } else if (u == &t) {
      u = nullptr;
    } else if (u != nullptr && runs(*u) && u->process->space == t.process->space) {
      used |= u64{1} << u->rseq.concurrency_id;
      ++others;
    }
  }
  u32& id = t.rseq.concurrency_id;
  if (id > others || bit(used, id) != 0) id = static_cast<u32>(std::countr_one(used));
  return id;
}

bool System::is_full() const {
  const auto zombies = std::count_if(processes_.begin(), processes_.end(), [](const auto& p) { return p->ended.has_value(); });
  return threads_.size() + static_cast<std::size_t>(zombies) >= options.thread_limit;
}

Process* System::find_process(i32 pid) const {
  for (const auto& p : processes_) {
    if (p->pid == pid && !p->reaped) return p.get();
  }
  return nullptr;
}

Thread* System::find_thread(i32 tid) const {
  for (Thread* t : threads_) {
    if (t->tid == tid && !t->ended) return t;
  }
  return nullptr;
}

bool System::runs(const Thread& t) const {
  return !t.ended && !t.wait && !t.process->stopped;
}

void System::wake(Thread& t, i64 result) {
  std::erase(waiters, &t);
  t.wait.reset();
  t.core.state().x[0] = static_cast<u64>(result);
}

unsigned System::wake_futex(const FutexKey& key, unsigned count, u32 bitset) {
  unsigned woken = 0;
  for (std::size_t i = 0; i < waiters.size() && woken < count;) {
    Thread& t = *waiters[i];
    const std::vector<FutexKey>& keys = t.wait->keys;
    const auto found = std::find(keys.begin(), keys.end(), key);
    if (found != keys.end() && (t.wait->bitset & bitset) != 0) {
      wake(t, found - keys.begin());
      ++woken;
    } else {
      ++i;
    }
  }
  return woken;
}

/// The next thread of a core, after the one that ran there last; else one that another core has too many of.
Thread* System::choose(unsigned cpu) {
  const auto here = [&](const Thread* t) { return t->cpu == cpu && runs(*t); };
  const auto behind = std::upper_bound(threads_.begin(), threads_.end(), last_on_cpu_[cpu],
                                       [](i32 tid, const Thread* t) { return tid < t->tid; });
  Thread* next = nullptr;
  if (const auto found = std::find_if(behind, threads_.end(), here); found != threads_.end())
    next = *found;
  else if (const auto first = std::find_if(threads_.begin(), behind, here); first != behind)
    next = *first;
  if (next == nullptr) {
    std::vector<unsigned> load(options.cores, 0);
    for (const Thread* t : threads_) load[t->cpu] += runs(*t) ? 1 : 0;
    for (Thread* t : threads_) {
      if (!runs(*t) || load[t->cpu] < 2 || bit(t->affinity, cpu) == 0 || t->tid == last_on_cpu_[t->cpu]) continue;
      next = t;
      next->cpu = cpu;
      break;
    }
  }
  if (next != nullptr) last_on_cpu_[cpu] = next->tid;
  return next;
}

void System::pass_time(Thread& t, u64 ns) {
  time_ += ns;
  t.processor_time += ns;
  t.process->processor_time += ns;
  t.process->last_to_run = t.tid;
}

std::optional<u64> System::next_deadline() const {
  std::optional<u64> first;
  const auto consider = [&](const std::optional<u64>& deadline) {
    if (deadline && (!first || *deadline < *first)) first = deadline;
  };
  for (const Thread* t : threads_) {
    if (!t->ended && t->wait) consider(t->wait->deadline);
  }
  for (const auto& p : processes_) {
    if (!p->ended) consider(p->next_timer_deadline());
  }
  for (const TimerFile* f : timer_files) consider(f->schedule.next);
  return first;
}

void System::note_wait(const Thread& t) {
  if (!t.wait || t.ended) return;
  if (t.wait->deadline) first_deadline_ = std::min(first_deadline_, *t.wait->deadline);
  signals_changed_ |= t.process->has_pending(t, ~t.blocked | t.wait->taken);
}

void System::expire_timers() {
  for (std::size_t i = 0; i < processes_.size() && timers_exist_; ++i) {
    if (!processes_[i]->ended) processes_[i]->expire_timers();
  }
  for (TimerFile* f : timer_files) {
    const u64 times = f->schedule.advance(time_);
    f->expired += times;
    if (times != 0) notify();
  }
}

void System::wake_sleepers() {
  if (time_ < first_deadline_) return;
  first_deadline_ = ~u64{0};
  for (Thread* t : threads_) {
    if (t->ended || !t->wait || !t->wait->deadline) continue;
    if (*t->wait->deadline > time_) {
      first_deadline_ = std::min(first_deadline_, *t->wait->deadline);
      continue;
    }
    if (t->wait->kind == Wait::Kind::Event) {
      t->process->retry(*t);
      continue;
    }
    wake(*t, t->wait->result_in_time);
    if (t->blocked_before) t->blocked = *t->blocked_before;
    t->blocked_before.reset();
  }
}

/// A call that succeeds may be what another one waits for.
void System::retry_calls() {
  while (events_seen_ != events_ && !outcome_) {
    events_seen_ = events_;
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      Thread& t = *threads_[i];
      if (!t.ended && t.wait && t.wait->kind == Wait::Kind::Event && !t.process->stopped) t.process->retry(t);
    }
  }
}

void System::forget_ended() {
  if (!some_ended_) return;
  some_ended_ = false;
  running_ = {};
  std::replace_if(
      in_sequences_.begin(), in_sequences_.end(), [](const Thread* t) { return t != nullptr && t->ended; }, nullptr);
  std::erase_if(threads_, [](const Thread* t) { return t->ended; });
  for (const auto& p : processes_) {
    std::erase_if(p->threads, [](const auto& t) { return t->ended; });
    if (p->ended) p->space.reset();
  }
  std::erase_if(processes_, [](const auto& p) { return p->reaped; });
}

std::string System::describe_waits() const {
  std::string out = "deadlock: every thread waits";
  for (Thread* t : threads_) {
    if (t->ended) continue;
    out += fmt::format("\n  thread {} ", t->tid);
    if (t->process->stopped)
      out += "of a stopped process";
    else if (t->wait->kind == Wait::Kind::Futex)
      out += fmt::format("on the futex at {:#x}", t->wait->address);
    else if (const SystemCall* call = find_system_call(t->call.number); t->wait->kind == Wait::Kind::Event && call != nullptr)
      out += fmt::format("in {}", call->name);
    else
      out += t->wait->kind == Wait::Kind::Vfork ? "for the child of vfork" : "for a signal";
    out += fmt::format(", pc {:#x}", t->core.state().pc);
  }
  return out;
}

u64 System::run_slice(Thread& t, u64 quantum) {
  Process& p = *t.process;
  u64 used = 0;
  slice_ends_ = false;
  // Between two slices the core may have run anything.
  p.restart_sequence(t);
  while (used < quantum && !outcome_ && !slice_ends_ && runs(t)) {
    if (p.has_deliverable(t)) {
      p.deliver_signals(t);
      continue;
    }
    t.core.state().set(isa::Reg::CNTVCT_EL0, {time_, 0});
    const u64 before = t.core.executed();
    const StepResult r = t.core.run(quantum - used);
    const bool calls = observer != nullptr && r.kind == StepResult::Kind::Exception && r.exception == isa::ExceptionOp::Svc;
    const bool held = calls && !observer->before_call(t);
    const u64 done = t.core.executed() - before - (held ? 1 : 0);
    used += done;
    pass_time(t, done);
    if (r.kind == StepResult::Kind::Completed) continue;
    stopped_ |= r.kind == StepResult::Kind::Stop;
    if (r.kind == StepResult::Kind::Hint || r.kind == StepResult::Kind::Stop) break;
    if (held) break;
    p.enter(t, r);
    if (calls) observer->after_call(t);
    // The time that has passed in the program and in the call: what is due now comes before the program goes on.
    expire_timers();
  }
  p.report_tags(t);
  // Another thread may write what the monitor covers; losing it is always allowed (Arm ARM B2.12.5).
  t.core.state().monitor = {};
  executed_ += used;
  if (!outcome_ && options.limit && executed_ >= *options.limit)
    end(Outcome::Kind::LimitReached, 0, fmt::format("the limit of {} instructions was reached", *options.limit));
  return used;
}

u64 System::next_quantum() {
  if (running_[1] == nullptr || !runs(*running_[0]) || !runs(*running_[1])) {
    running_ = {};
    for (auto t = threads_.begin(); t != threads_.end() && running_[1] == nullptr; ++t) {
      if (runs(**t)) running_[running_[0] == nullptr ? 0 : 1] = *t;
    }
  }
  const u64 longest = running_[1] != nullptr ? kLongest : kAlone, quantum = kShortest + random() % (longest - kShortest + 1);
  return within_limit(quantum);
}

u64 System::within_limit(u64 quantum) const {
  return options.limit ? std::min(quantum, *options.limit - executed_) : quantum;
}

void System::settle(bool idle) {
  forget_ended();
  if (outcome_) return;
  const std::optional<u64> deadline = idle ? next_deadline() : std::nullopt;
  if (deadline) time_ = std::max(time_, *deadline);
  expire_timers();
  wake_sleepers();
  const bool signals_changed = std::exchange(signals_changed_, false);
  for (std::size_t i = 0; i < threads_.size() && signals_changed; ++i) {
    Thread& t = *threads_[i];
    if (t.wait && t.wait->taken != 0) t.process->retry(t);
    if (t.wait && !t.ended && !t.process->stopped && t.process->has_deliverable(t)) t.process->interrupt(t);
  }
  retry_calls();
  idle_rounds_ = idle ? idle_rounds_ + 1 : 0;
  // A timer whose signal nobody takes does not end a deadlock.
  constexpr u64 kMostIdleRounds = 100'000;
  if (!idle || (deadline && idle_rounds_ < kMostIdleRounds) || outcome_) return;
  if (std::none_of(threads_.begin(), threads_.end(), [&](const Thread* t) { return runs(*t); }))
    end(Outcome::Kind::Deadlock, 0, describe_waits());
}

Outcome System::run() {
  while (run_to_stop()) {
  }
  outcome_->instructions = executed_;
  return *outcome_;
}

void System::heed_interrupt() {
  if (options.interrupt != nullptr && *options.interrupt) end(Outcome::Kind::LimitReached, 0, "interrupted");
}

bool System::run_to_stop() {
  stopped_ = false;
  while (!outcome_ && !stopped_) {
    heed_interrupt();
    bool any = false;
    for (unsigned cpu = 0; cpu < options.cores && !outcome_ && !stopped_; ++cpu) {
      Thread* t = choose(cpu);
      if (t == nullptr) continue;
      any = true;
      run_slice(*t, next_quantum());
    }
    settle(!any);
  }
  return !outcome_;
}

}  // namespace isobar::linux_user

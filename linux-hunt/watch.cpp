#include "linux-hunt/watch.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

#include "isa/evaluate.h"
#include "support/bits.h"

namespace isobar::linux_hunt {

namespace {

/// Rounds of a loop without news after which a thread is taken to wait for others.
constexpr unsigned kSpins = 50;

constexpr u64 kMembarrier = 283;

/// kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo: whoever takes the signal knows what the sender did.
bool sends_signal(u64 call) { return (call >= 129 && call <= 131) || call == 138 || call == 240; }

/// Calls that may bring data or news from one thread to another other than by ending its wait: all but a list of
/// those that do not.
bool passes_data(const linux_user::Call& call) {
  // read, write, readv, writev of the console.
  if (call.number >= 63 && call.number <= 66) return call.a[0] > 2;
  static constexpr u64 kQuiet[] = {93,  94,  96,  98,  99,  101, 113, 114, 115, 122, 123, 124, 132, 134, 135, 139, 167,
                                   168, 172, 178, 214, 215, 216, 220, 222, 226, 233, 278, 283, 293, 435, 449};
  return !std::binary_search(std::begin(kQuiet), std::end(kQuiet), call.number);
}

u64 mask_of(std::size_t thread) { return u64{1} << (thread % 64); }

}  // namespace

Watch::Watch(linux_user::System& system, const Granules& shared, Event event, Called called)
    : system_(system), shared_(shared), event_(std::move(event)), called_(std::move(called)) {
  system_.observer = this;
}

Watch::~Watch() { system_.observer = nullptr; }

void Watch::check_races(const std::vector<RaceFree>& memory, Tell tell) {
  races_.emplace(memory);
  tell_ = std::move(tell);
}

std::size_t Watch::number_of(const linux_user::Thread& t) {
  const auto known = std::find_if(threads_.begin(), threads_.end(), [&](const ThreadState& s) { return s.tid == t.tid; });
  const std::size_t number = static_cast<std::size_t>(known - threads_.begin());
  if (known == threads_.end()) {
    threads_.emplace_back();
    threads_.back().tid = t.tid;
    if (races_) races_->add_thread(number, t.tid);
  }
  return number;
}

void Watch::begin(linux_user::Thread& t) {
  running_ = &t;
  spins_ = false;
  me_ = number_of(t);
  active_ |= system_.threads().size() > 1;
  t.core.watch(active_ ? this : nullptr);
}

void Watch::end() {
  compare_written();
  running_ = nullptr;
}

u64 Watch::granule_of(u64 address) const {
  const u64 plain = address & ones(56);
  u64 space = 0;
  if (system_.processes().size() > 1) {
    const functional::Region* region = running_->process->memory().find(plain);
    if (region == nullptr || region->object == nullptr) space = static_cast<u64>(running_->process->pid) % 2047 + 1;
  }
  return plain / 8 | space << 53;
}

Watch::Granule& Watch::granule(u64 number) {
  const auto [at, is_new] = granules_.try_emplace(number);
  if (is_new) at->second.shared = shared_.contains(number);
  return at->second;
}

u64 Watch::value_at(u64 address) const {
  u64 value = 0;
  running_->process->memory().read(address, &value, sizeof value);
  return value;
}

void Watch::compare_written() {
  for (const Write& w : written_) changes_ += value_at(w.address) != w.before;
  written_.clear();
}

/// Has the thread been here with the same granule, and nothing changed since, too often?
bool Watch::goes_round(u64 pc, u64 number) {
  ThreadState& t = threads_[me_];
  auto loop = std::find_if(t.loops.begin(), t.loops.end(),
                           [&](const Loop& l) { return l.pc == pc && l.granule == number; });
  if (loop == t.loops.end()) {
    loop = t.loops.begin() + static_cast<std::ptrdiff_t>(t.next_loop++ % t.loops.size());
    *loop = {pc, number, changes_, 0};
  }
  if (loop->changes != changes_) *loop = {pc, number, changes_, 0};
  if (++loop->rounds <= kSpins) return false;
  loop->rounds = 0;
  return true;
}

void Watch::note(u64 number, Granule& g, bool write) {
  const u64 me = mask_of(me_);
  const u32 name = static_cast<u32>(me_ + 1);
  const bool news = (g.informed & me) == 0;
  if (news) {
    Hasher& h = threads_[me_].seen;
    h.word(number << 1 | (write ? 1 : 0));
    h.word(u64{g.writer} << 32 | g.writes);
  }
  g.informed |= me;
  if (!write) {
    g.readers |= me;
  } else {
    g.writes = g.writer == name ? g.writes + 1 : 1;
    g.writer = name;
    g.writers |= me;
    g.informed = me;
  }
  if (!g.shared && g.writers != 0 && std::popcount(g.readers | g.writers) > 1) {
    g.shared = true;
    found_.push_back(number);
  }
}

bool Watch::access(const functional::Core& core, const isa::Instruction& instruction, u64 pc) {
  compare_written();
  std::array<Touched, isa::kMaxUops> touched;
  std::size_t count = 0;
  bool shared = false, spins = false;
  for (unsigned k = 0; k < instruction.count; ++k) {
    const isa::Uop& u = instruction.uops[k];
    if ((u.kind != isa::UopKind::Read && u.kind != isa::UopKind::Write) || u.mem.tag != isa::TagAccess::None) continue;
    isa::Inputs in{};
    for (unsigned i = 0; i < u.n_addr; ++i) in[i] = core.state().get(u.src[i]);
    const u64 address = isa::evaluate_address(u, in, pc);
    const u64 first = granule_of(address), beyond = (address % 8 + u.mem.size - 1) / 8;
    touched[count] = {&u, address, first, first + beyond};
    for (u64 n = touched[count].first; n <= touched[count].last; ++n) shared |= granule(n).shared;
    if (shared && count == 0) spins = goes_round(pc, touched[0].first);
    ++count;
  }
  ThreadState& t = threads_[me_];
  if (spins && stops_loops_) {
    spins_ = true;
    system_.end_slice();
    return false;
  }
  if (shared && !std::exchange(t.passed, false) && event_(t.tid)) {
    t.passed = true;
    system_.end_slice();
    return false;
  }
  for (std::size_t i = 0; i < count; ++i) {
    for (u64 n = touched[i].first; n <= touched[i].last; ++n) {
      Granule& g = granule(n);
      const bool writes = touched[i].uop->kind == isa::UopKind::Write;
      if (writes && g.shared) written_.push_back({n % (u64{1} << 53) * 8, value_at(n % (u64{1} << 53) * 8)});
      note(n, g, writes);
    }
  }
  return !races_ || !is_race({touched.data(), count}, pc);
}

bool Watch::is_race(std::span<const Touched> accesses, u64 pc) {
  const auto& named = running_->process->memory().pool()->race_free;
  for (; named_ < named.size(); ++named_)
    races_->add_memory({named[named_].first, named[named_].second, ""});
  for (const Touched& t : accesses) races_->access(me_, t.address & ones(56), *t.uop, pc);
  if (!races_->race()) return false;
  system_.end(linux_user::Outcome::Kind::DataRace, 0, tell_(*races_->race()));
  system_.end_slice();
  return true;
}

void Watch::barrier(isa::BarrierOp) {
  if (races_) races_->barrier(me_);
}

/// What the kernel orders: see docs/hunt.md.
void Watch::order_by_call() {
  const linux_user::Call& call = running_->call;
  for (const linux_user::Thread* t : system_.threads()) {
    const bool is_new = std::none_of(threads_.begin(), threads_.end(), [&](const ThreadState& s) { return s.tid == t->tid; });
    const std::size_t number = number_of(*t);
    const bool woken = threads_[number].waited && !t->wait;
    if (number != me_ && (is_new || woken || sends_signal(call.number))) races_->order(me_, number);
    if (call.number == kMembarrier) races_->barrier(number);
  }
  if (running_->ended && clear_child_tid_ != 0) races_->pass(me_, clear_child_tid_);
  // No program has memory there.
  if (!running_->ended && passes_data(call)) races_->pass(me_, ~u64{0});
}

bool Watch::before_call(const linux_user::Thread& t) {
  compare_written();
  if (active_) {
    ThreadState& s = threads_[me_];
    if (!std::exchange(s.passed, false) && event_(t.tid)) {
      s.passed = true;
      return false;
    }
  }
  if (races_) {
    clear_child_tid_ = t.clear_child_tid;
    for (const linux_user::Thread* other : system_.threads()) threads_[number_of(*other)].waited = other->wait.has_value();
  }
  return true;
}

void Watch::after_call(const linux_user::Thread&) {
  if (!active_ && system_.threads().size() > 1) {
    active_ = true;
    running_->core.watch(this);
  }
  if (races_) order_by_call();
  called_();
}

Digest Watch::interleaving() const {
  Hasher h;
  std::vector<const ThreadState*> in_order;
  for (const ThreadState& t : threads_) in_order.push_back(&t);
  std::sort(in_order.begin(), in_order.end(), [](const ThreadState* a, const ThreadState* b) { return a->tid < b->tid; });
  for (const ThreadState* t : in_order) {
    const Digest d = t->seen.digest();
    h.word(static_cast<u64>(t->tid));
    h.word(d.a);
    h.word(d.b);
  }
  return h.digest();
}

}  // namespace isobar::linux_hunt

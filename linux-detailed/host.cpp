#include "linux-detailed/host.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernel-shim/layout.h"
#include "linux-detailed/registers.h"
#include "model/storage/tags.h"
#include "model/thread/exceptions.h"
#include "model/thread/tags.h"
#include "model/thread/window.h"
#include "support/bits.h"
#include "support/diagnostic.h"

namespace isobar::linux_detailed {

using isa::Reg;
using isa::StepResult;
using linux_user::MembarrierKind;
using linux_user::Thread;
using model::MachineState;

namespace {

/// Ticks of a slice.
constexpr u64 kShortest = 2000, kLongest = 12000;
/// Longest time for which a timer is set; a deadline that is farther away is looked at again.
constexpr u64 kFarthest = 1'000'000'000'000;
constexpr u64 kActlrTso = 2;
/// A timer whose signal nobody takes does not end a deadlock.
constexpr unsigned kMostIdleRounds = 10'000;

void answer(MachineState& s, unsigned core, unsigned x, u64 value) {
  s.core[core].reg.set(isa::x_reg(x), {value, 0});
}

/// The exception that brought a core here, as isa::step() would have told it.
StepResult cause(u64 syndrome, u64 fault_address, u64 pc) {
  StepResult r;
  r.kind = StepResult::Kind::Exception;
  r.immediate = syndrome & 0xffff;
  const u64 status = syndrome & 0x3f;
  switch (static_cast<model::ExceptionClass>(syndrome >> 26)) {
    case model::ExceptionClass::Svc: r.exception = isa::ExceptionOp::Svc; break;
    case model::ExceptionClass::Breakpoint: r.exception = isa::ExceptionOp::Brk; break;
    case model::ExceptionClass::InstructionAbort:
      r.kind = StepResult::Kind::Fault;
      r.fault = status == model::kAlignmentFault ? isa::FaultKind::PcAlignment : isa::FaultKind::Fetch;
      r.address = pc;
      break;
    case model::ExceptionClass::DataAbort:
      r.kind = StepResult::Kind::Fault;
      r.fault = status == model::kAlignmentFault  ? isa::FaultKind::Alignment
                : status == model::kTagCheckFault ? isa::FaultKind::Tag
                : bit(syndrome, 6) != 0          ? isa::FaultKind::Write
                                                 : isa::FaultKind::Read;
      r.address = fault_address;
      break;
    case model::ExceptionClass::SpAlignment:
      r.kind = StepResult::Kind::Fault;
      r.fault = isa::FaultKind::Alignment;
      break;
    default: r.exception = isa::ExceptionOp::Undefined; break;
  }
  return r;
}

/// The first byte that an access to `address` may not have touched.
u64 refused_byte(functional::Memory& memory, u64 address, isa::FaultKind kind) {
  if (kind == isa::FaultKind::Tag) {
    const u64 first = linux_user::Process::untag(address), end = first + model::kMaxCheckedGranules * model::kTagGranule;
    for (u64 at = first; at < end; at = align_down(at, model::kTagGranule) + model::kTagGranule)
      if (memory.is_tagged(at) && memory.tag(at) != model::pointer_tag(address)) return at;
    return first;
  }
  const u8 needed = kind == isa::FaultKind::Fetch   ? functional::kExecute
                    : kind == isa::FaultKind::Write ? functional::kWrite
                                                    : functional::kRead | functional::kWrite;
  const functional::Region* r = memory.find(address);
  const bool allowed = r != nullptr && (r->permissions & needed) != 0 && !memory.beyond_object(address);
  return allowed ? align_down(address, functional::kPageSize) + functional::kPageSize : address;
}

}  // namespace

Host::Host(linux_user::System& system, const model::MachineConfig& config, AddressSpaces& spaces)
    : system_(system),
      pool_(system.processes().front()->memory().pool()),
      config_(config),
      spaces_(spaces),
      core_(config.cores) {
  for (unsigned slot = tasks(system.options); slot-- > 0;) {
    free_descriptors_.push_back(slot);
    if (slot >= config.cores) free_.push_back(slot);
  }
}

void Host::call(MachineState& s, unsigned core, Call what) {
  CoreState& me = core_[core];
  system_.set_time(s.storage.time);
  if (me.current != nullptr) {
    system_.set_time(me.since);
    system_.pass_time(*me.current, s.storage.time - me.since);
  }
  me.since = s.storage.time;
  const u64 writes = pool_->writes;
  switch (what) {
    case Call::Trap: trap(s, core); break;
    case Call::Interrupt: interrupt(s, core); break;
    case Call::Schedule:
    case Call::Resume: decide(s, core); break;
    case Call::Return: return_to_thread(s, core); break;
    case Call::Panic:
      throw InternalError(fmt::format("an exception in the kernel below the program: ESR_EL1 {:#x}, ELR_EL1 {:#x}",
                                      s.core[core].reg[isa::index(Reg::ESR_EL1)],
                                      s.core[core].reg[isa::index(Reg::ELR_EL1)]));
  }
  spaces_.forget();
  if (!system_.outcome() && pool_->writes != writes) note_writes(s);
  if (system_.outcome() || pool_->exhausted) *stop_ = true;
}

/// The registers of a thread, and the memory model that it may have chosen without a host call.
void Host::take_thread(MachineState& s, unsigned core, Thread& t) const {
  take_registers(s.core[core], t.core);
  if (config_.core[core].tso == model::TsoSupport::Actlr)
    t.tso = (s.core[core].reg[isa::index(Reg::ACTLR_EL1)] & kActlrTso) != 0;
}

void Host::note_quick_call(unsigned core, u64 number, u64 result) const {
  if (core_[core].current != nullptr) core_[core].current->process->note_call(*core_[core].current, number, result);
}

void Host::trap(MachineState& s, unsigned core) {
  model::Core& c = s.core[core];
  if (core_[core].current == nullptr) return decide(s, core);  // it was ended from another core
  Thread& t = *core_[core].current;
  take_thread(s, core, t);
  const u64 syndrome = c.reg[isa::index(Reg::ESR_EL1)], fault = c.reg[isa::index(Reg::FAR_EL1)];
  StepResult why = cause(syndrome, fault, t.core.state().pc);
  t.core.stack_misaligned = syndrome >> 26 == static_cast<u64>(model::ExceptionClass::SpAlignment);
  if (t.core.stack_misaligned) why.address = t.core.state().sp[0];
  if (why.kind != StepResult::Kind::Exception || why.exception != isa::ExceptionOp::Svc) {
    if (why.kind == StepResult::Kind::Fault)
      t.core.set_fault_byte(refused_byte(t.process->memory(), why.address, why.fault));
    t.process->enter(t, why);
    return decide(s, core);
  }
  system_.begin_slice();
  system_.requested_membarrier = MembarrierKind::None;
  t.core.state().pc -= 4;  // ELR_EL1 is behind the instruction, enter() expects to be at it
  const i32 tid = t.tid;
  t.process->enter(t, why);
  follow(s, t, tid);
  if (system_.slice_ends()) core_[core].slice_end = 0;
  u64 actions = 0, sgi = kCallFunction;
  switch (system_.requested_membarrier) {
    case MembarrierKind::None: break;
    case MembarrierKind::Global: actions = action::kMembarrier | action::kAllCores; break;
    case MembarrierKind::Private: actions = action::kMembarrier; break;
    case MembarrierKind::SyncCore: actions = action::kMembarrier | action::kSelf; break;
    case MembarrierKind::Sequences:
      actions = action::kMembarrier;
      sgi = kAbortSequences;
      break;
  }
  decide(s, core, actions, sgi);
}

void Host::interrupt(MachineState& s, unsigned core) {
  model::Core& c = s.core[core];
  if (core_[core].current == nullptr) return decide(s, core);
  Thread& t = *core_[core].current;
  take_thread(s, core, t);
  t.core.state().x[9] = c.reg[isa::index(Reg::TTBR1_EL1)];
  t.core.state().x[10] = c.reg[isa::index(Reg::MAIR_EL1)];
  t.process->report_tags(t);
  u64 actions = 0;
  if (c.reg[isa::index(isa::x_reg(9))] == kAbortSequences) {
    t.process->restart_sequence(t);
    actions = action::kUnlock;
  }
  decide(s, core, actions);
}

/// Signals until none is left, or the thread cannot run any more.
void Host::deliver(Thread& t) {
  while (!system_.outcome() && system_.runs(t) && t.process->has_deliverable(t)) t.process->deliver_signals(t);
}

/// Answers a call: what the kernel does next.
void Host::decide(MachineState& s, unsigned core, u64 actions, u64 membarrier) {
  CoreState& me = core_[core];
  answer(s, core, 6, membarrier);
  if (me.current != nullptr) {
    deliver(*me.current);
    const u64 actlr = s.core[core].reg[isa::index(Reg::ACTLR_EL1)];
    const u64 wanted = me.current->tso ? actlr | kActlrTso : actlr & ~kActlrTso;
    if (config_.core[core].tso == model::TsoSupport::Actlr && wanted != actlr) {
      answer(s, core, 4, wanted);
      actions |= action::kSetActlr;
    }
  }
  me.abandoned = false;
  settle(me);
  while (me.current != nullptr) {
    deliver(*me.current);  // what has ended its wait
    if (!me.current->ended) break;
    settle(me);
  }
  if ((actions & action::kMembarrier) == 0) pick(s, core, actions);
  idle_rounds_ = only_timers_expire() ? idle_rounds_ + 1 : 0;
  if (idle_rounds_ > kMostIdleRounds) system_.end(linux_user::Outcome::Kind::Deadlock, 0, system_.describe_waits());
  answer(s, core, 0, actions);
  answer(s, core, 2, cores_to_interrupt(core));
}

/// What the end of a thread, a signal or the time means for others.
void Host::settle(CoreState& me) {
  for (CoreState& c : core_) {  // before they are forgotten
    if (c.current == nullptr || !c.current->ended) continue;
    c.current = nullptr;
    c.abandoned = &c != &me;
  }
  if (system_.outcome()) me.current = nullptr;
  if (!system_.outcome()) system_.settle(false);
  forget_ended();
}

/// Every thread waits, and nothing but timers can end that.
bool Host::only_timers_expire() const {
  if (pausing_ || system_.outcome()) return false;
  if (std::any_of(core_.begin(), core_.end(), [](const CoreState& c) { return c.current != nullptr; })) return false;
  return std::none_of(system_.threads().begin(), system_.threads().end(),
                      [&](const Thread* t) { return system_.runs(*t) || (t->wait && t->wait->deadline); });
}

/// A core that is parked takes no interrupts any more, and a membarrier of another one may wait until it has taken one.
bool Host::may_park() const {
  return (pausing_ || system_.outcome()) &&
         std::all_of(core_.begin(), core_.end(), [](const CoreState& c) { return c.current == nullptr; });
}

/// The thread that the core goes on with.
void Host::pick(MachineState& s, unsigned core, u64& actions) {
  CoreState& me = core_[core];
  Thread* before = me.current;
  if (pausing_ || system_.outcome()) {
    me.current = nullptr;
    me.parked = may_park();
    actions |= me.parked ? action::kPark : action::kIdle;
    return;
  }
  const bool goes_on = before != nullptr && system_.runs(*before) && before->cpu == core && system_.now() < me.slice_end;
  if (goes_on) return;
  me.current = system_.choose(core);
  if (me.current != nullptr && is_on_another_core(*me.current, core)) me.current = nullptr;
  me.slice_end = system_.now() + kShortest + system_.random() % (kLongest - kShortest + 1);
  const u64 running = s.core[core].reg[isa::index(Reg::SP_EL1)];
  if (me.current != nullptr) {
    me.current->process->restart_sequence(*me.current);  // as if something else had run in between
    deliver(*me.current);
    if (!system_.runs(*me.current)) {
      settle(me);
      return pick(s, core, actions);
    }
  } else {
    actions |= action::kIdle;
    set_timer(s, core);
  }
  const u64 next = task_address(me.current != nullptr ? task_of(s, *me.current) : core);
  if (next == running) return;
  answer(s, core, 9, next);
  actions |= action::kSwitch;
}

bool Host::is_on_another_core(const Thread& t, unsigned core) const {
  for (unsigned k = 0; k < core_.size(); ++k)
    if (k != core && core_[k].current == &t) return true;
  return false;
}

/// Cores that ought to look at their threads: idle ones for which there is work, and those whose thread has a signal or
/// must not stay.
u64 Host::cores_to_interrupt(unsigned core) const {
  const auto& threads = system_.threads();
  std::vector<unsigned> load(core_.size(), 0);
  for (const auto& t : threads) load[t->cpu] += system_.runs(*t) ? 1 : 0;
  const auto waits_for = [&](const Thread& t, unsigned k) {
    if (!system_.runs(t) || is_on_another_core(t, k)) return false;
    return t.cpu == k || (load[t.cpu] > 1 && bit(t.affinity, k) != 0);
  };
  u64 mask = 0;
  for (unsigned k = 0; k < core_.size(); ++k) {
    if (k == core || core_[k].parked) continue;
    const Thread* t = core_[k].current;
    const bool needed = core_[k].abandoned || (t == nullptr && may_park()) ? true
                        : t != nullptr     ? t->process->has_deliverable(*t) || t->cpu != k || !system_.runs(*t)
                                     : std::any_of(threads.begin(), threads.end(),
                                                   [&](const auto& other) { return waits_for(*other, k); });
    if (needed) mask |= u64{1} << k;
  }
  return mask;
}

/// Where the kernel has the thread's task; made at the first time. clone() passes on the memory model (MM-3).
unsigned Host::task_of(MachineState& s, Thread& t) {
  const auto found = task_.find(t.tid);
  if (found != task_.end()) return found->second;
  const unsigned slot = free_.back();
  free_.pop_back();
  task_[t.tid] = slot;
  const auto put = [&](u64 field, u64 value) {
    model::write_memory(s.storage, *image_, task_address(slot) + field, 8, {value, 0});
  };
  const u64 mm = descriptor_of(s, t);
  put(kernel::TaskField::Mm, mm);
  put(kernel::TaskField::ActiveMm, mm);
  put(kernel::TaskField::Actlr, t.tso ? kActlrTso : 0);
  put_ids(s, t, task_address(slot));
  return slot;
}

/// Numbers that the kernel tells the thread without a host call: those that never change.
void Host::put_ids(MachineState& s, Thread& t, u64 task) const {
  constexpr u64 kGetppid = 173, kUnknown = ~u64{0};
  for (u64 n = 0; n < kIdCalls; ++n) {
    const u64 call = kFirstIdCall + n;
    const u64 id = call == kGetppid ? kUnknown
                                    : static_cast<u64>(linux_user::find_system_call(call)->run(*t.process, t, {}));
    model::write_memory(s.storage, *image_, task + kTaskIds + 8 * n, 8, {id, 0});
  }
}

/// Where the kernel has the memory descriptor of the thread's process; made at the first time.
u64 Host::descriptor_of(MachineState& s, const Thread& t) {
  const u64 space = spaces_.space_of(t.process->space->memory);
  const auto found = descriptor_.find(space);
  if (found != descriptor_.end()) return address_space_address(found->second);
  const unsigned slot = free_descriptors_.back();
  free_descriptors_.pop_back();
  descriptor_[space] = slot;
  model::write_memory(s.storage, *image_, address_space_address(slot) + kernel::MmField::Ttbr0, 8, {space, 0});
  return address_space_address(slot);
}

/// execve() has given the thread another address space, and the number of the process if it was not the first.
void Host::follow(MachineState& s, Thread& t, i32 tid_before) {
  if (t.ended || system_.outcome()) return;
  if (t.tid != tid_before) {
    if (const auto leader = task_.find(t.tid); leader != task_.end()) {
      free_.push_back(leader->second);
      task_.erase(leader);
    }
    auto own = task_.extract(tid_before);
    own.key() = t.tid;
    task_.insert(std::move(own));
  }
  const u64 task = task_address(task_.at(t.tid)), mm = descriptor_of(s, t);
  if (t.tid != tid_before) put_ids(s, t, task);
  if (model::read_memory(s.storage, *image_, task + kernel::TaskField::Mm, 8).lo == mm) return;
  for (const u64 field : {kernel::TaskField::Mm, kernel::TaskField::ActiveMm})
    model::write_memory(s.storage, *image_, task + field, 8, {mm, 0});
}

void Host::forget_ended() {
  std::erase_if(descriptor_, [&](const auto& entry) {
    const bool gone = !spaces_.exists(entry.first);
    if (gone) free_descriptors_.push_back(entry.second);
    return gone;
  });
  std::erase_if(task_, [&](const auto& entry) {
    const bool ended = system_.find_thread(entry.first) == nullptr;
    if (ended) free_.push_back(entry.second);
    return ended;
  });
}

void Host::return_to_thread(MachineState& s, unsigned core) {
  const CoreState& me = core_[core];
  put_registers(me.current->core, s.core[core]);
  // switch_mm() has done this, but after execve() or between threads whose descriptors were the same slot.
  s.core[core].reg.set(Reg::TTBR0_EL1, {spaces_.space_of(me.current->process->space->memory), 0});
  set_timer(s, core);
}

/// The end of the slice or the first deadline of a thread that sleeps, whichever is first.
void Host::set_timer(MachineState& s, unsigned core) const {
  const CoreState& me = core_[core];
  const std::optional<u64> deadline = system_.next_deadline();
  u64 at = me.current != nullptr ? me.slice_end : system_.now() + kFarthest;
  if (deadline) at = std::min(at, *deadline);
  s.core[core].reg.set(Reg::CNTV_CVAL_EL0, {std::max(at, s.storage.time + 1), 0});
  s.core[core].reg.set(Reg::CNTV_CTL_EL0, {u64{me.current != nullptr || deadline}, 0});
}

/// The host has written to memory: whatever a core has read ahead or reserved may be old. Losing it is always allowed.
void Host::note_writes(MachineState& s) const {
  for (model::Core& c : s.core) {
    c.monitor.valid = false;
    for (unsigned slot : each_one(c.window.reads())) {
      model::Entry& e = c.window[slot];
      if (!e.address_known) continue;
      c.window.reopen(slot);
      for (unsigned b = 0; b < e.uop->mem.size; ++b)
        if (e.source[b] == model::kFromMemory) e.foreign = static_cast<u16>(e.foreign | 1u << b);
    }
  }
  // As after complete maintenance, where the host has changed code.
  std::erase_if(s.storage.code, [&](const model::CodeWord& w) {
    return image_->owner(w.addr) != nullptr &&
           static_cast<u32>(model::read_memory(s.storage, *image_, w.addr, 4).lo) != w.values.back();
  });
}

}  // namespace isobar::linux_detailed

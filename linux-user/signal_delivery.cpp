// Sending and delivering signals, the frame of a handler and the return from it (Linux arch/arm64/kernel/signal.c).
#include <algorithm>
#include <bit>
#include <cstring>

#include "linux-user/system.h"
#include "support/bits.h"

namespace isobar::linux_user {

namespace {

using isa::FaultKind;
using isa::Reg;
using isa::StepResult;

struct Siginfo {
  i32 number, error, code, padding;
  u64 first, second;  ///< si_addr; or si_pid with si_uid, and si_value
  u8 rest[96];
};
static_assert(sizeof(Siginfo) == kSiginfoSize);

Siginfo to_siginfo(const SignalInfo& info, bool exposes_tag) {
  Siginfo s{};
  s.number = info.number;
  s.code = info.code;
  const u64 sender = static_cast<u32>(info.sender) | u64{info.user} << 32;
  s.first = !info.is_fault() ? sender : exposes_tag ? info.address : Process::untag(info.address);
  s.second = info.is_fault() ? 0 : info.value;
  return s;
}

struct RecordHead {
  u32 magic, size;
};
struct FloatRecord {
  RecordHead head;
  u32 fpsr, fpcr;
  Value v[32];
};
struct SyndromeRecord {
  RecordHead head;
  u64 syndrome;
};
constexpr u32 kFloatMagic = 0x4650'8001, kSyndromeMagic = 0x4553'5201;
static_assert(sizeof(FloatRecord) == 528 && sizeof(SyndromeRecord) == 16);

struct Frame {
  Siginfo info;
  u64 flags, link;
  AlternateStack stack;
  SignalSet mask;
  u8 mask_padding[120];
  u64 align;
  u64 fault_address;
  u64 x[31];
  u64 sp, pc, pstate;
  u64 reserved_align;
  u8 reserved[4096];
};
static_assert(sizeof(Frame) == 4688 && offsetof(Frame, fault_address) == 128 + 176 &&
              offsetof(Frame, reserved) == 128 + 464);

/// Signals whose default action is to do nothing.
bool is_harmless(i32 n) {
  return n == kSigchld || n == kSigcont || n == kSigurg || n == kSigwinch;
}

bool is_ignored(const Action& a, i32 n) {
  return a.handler == kIgnore || (a.handler == kDefaultAction && is_harmless(n));
}

bool on_stack(const AlternateStack& s, u64 sp) {
  return (s.flags & kStackDisabled) == 0 && sp > s.address && sp - s.address <= s.size;
}

constexpr u64 kTagCheckOverride = 1u << 25;  // PSTATE.TCO
constexpr unsigned kBranchTypeShift = 10;
constexpr u64 kLowerDataAbort = 0x24, kLowerInstructionAbort = 0x20, kStackAlignment = 0x26, kLong = u64{1} << 25;
constexpr u64 kTranslationLevel3 = 0x07, kPermissionLevel3 = 0x0f, kAlignment = 0x21, kTagCheck = 0x11, kWriteNotRead = 1u << 6;

}  // namespace

bool Process::has_pending(const Thread& t, SignalSet of) const {
  const auto allowed = [&](const SignalInfo& s) { return (signal_bit(s.number) & of) != 0; };
  return std::any_of(t.pending.begin(), t.pending.end(), allowed) ||
         std::any_of(pending.begin(), pending.end(), allowed);
}

void Process::send(Thread& t, const SignalInfo& info) {
  prepare(info.number);
  const bool blocked = ((t.blocked | t.blocked_before.value_or(0)) & signal_bit(info.number)) != 0;
  if (!blocked && is_ignored((*actions)[info.number], info.number)) return;
  queue(t.pending, info);
}

void Process::send_to_process(const SignalInfo& info, i32 preferred) {
  for (const auto& t : threads) {
    if (t->tid == preferred && system.runs(*t) && (t->blocked & signal_bit(info.number)) == 0) return send(*t, info);
  }
  for (const auto& t : threads) {
    if (!t->ended && (t->blocked & signal_bit(info.number)) == 0) return send(*t, info);
  }
  prepare(info.number);
  queue(pending, info);
}

/// What a signal does when it is sent: SIGCONT and SIGKILL let a stopped process run on, SIGCONT and signals that stop
/// cancel each other (prepare_signal()).
void Process::prepare(i32 number) {
  const auto cancel = [&](auto&& which) {
    std::erase_if(pending, [&](const SignalInfo& s) { return which(s.number); });
    for (const auto& t : threads) std::erase_if(t->pending, [&](const SignalInfo& s) { return which(s.number); });
  };
  if (is_stop(number)) cancel([](i32 n) { return n == kSigcont; });
  if (number == kSigcont) cancel(is_stop);
  if (number != kSigcont && number != kSigkill) return;
  if (stopped && number == kSigcont) {
    constexpr int kContinuedStatus = 0xffff;
    stop_status = kContinuedStatus;
    tell_parent(si_code::kContinued, kSigcont);
  }
  stopped = false;
  system.note_signal();
}

void Process::forget_ignored(i32 number) {
  if (!is_ignored((*actions)[static_cast<std::size_t>(number)], number)) return;
  const auto is_gone = [&](const SignalInfo& s) { return s.number == number && s.code != si_code::kTimer; };
  std::erase_if(pending, is_gone);
  for (const auto& t : threads) std::erase_if(t->pending, is_gone);
}

/// Standard signals do not queue; of the others there is a limit (RLIMIT_SIGPENDING).
void Process::queue(std::deque<SignalInfo>& to, const SignalInfo& info) {
  system.notify();
  system.note_signal();
  const auto same = [&](const SignalInfo& s) { return s.number == info.number; };
  if (info.number < 32 && std::any_of(to.begin(), to.end(), same)) return;
  if (to.size() < kMostPending) to.push_back(info);
}

void Process::stop(i32 signal) {
  if (stopped) return;
  stopped = true;
  stop_status = signal << 8 | 0x7f;
  tell_parent(si_code::kStopped, signal);
}

/// A signal that the thread's own instruction caused: blocked or ignored, it kills (force_sig_fault()).
void Process::force(Thread& t, const SignalInfo& info) {
  Action& a = (*actions)[info.number];
  if ((t.blocked & signal_bit(info.number)) != 0 || a.handler == kIgnore) a.handler = kDefaultAction;
  t.blocked &= ~signal_bit(info.number);
  t.pending.push_front(info);
  system.note_signal();
}

/// SIGKILL, faults of the instruction itself, then the lowest number, the thread's before the process's. nullptr: none.
const SignalInfo* Process::next_pending(const Thread& t) const {
  constexpr SignalSet kSynchronous = signal_bit(kSigsegv) | signal_bit(kSigbus) | signal_bit(kSigill) |
                                     signal_bit(kSigtrap);
  const SignalInfo* best = nullptr;
  int rank = 1 << 20;
  for (const std::deque<SignalInfo>* queue : {&t.pending, &pending}) {
    for (const SignalInfo& s : *queue) {
      if ((signal_bit(s.number) & t.blocked) != 0) continue;
      const bool synchronous = (signal_bit(s.number) & kSynchronous) != 0 && s.code > 0;
      // dequeue_signal(): the thread's own ones before those of the process.
      const int r = s.number == kSigkill ? 0 : s.number + (synchronous ? 0 : 100) + (queue == &pending ? 1000 : 0);
      if (r >= rank) continue;
      rank = r;
      best = &s;
    }
  }
  return best;
}

std::array<u8, kSiginfoSize> siginfo_bytes(const SignalInfo& info) {
  return std::bit_cast<std::array<u8, kSiginfoSize>>(to_siginfo(info, false));
}

std::optional<SignalInfo> Process::take_pending(Thread& t, SignalSet of) {
  const SignalSet blocked = t.blocked;
  t.blocked = ~of;
  const std::optional<SignalInfo> taken = take_pending(t);
  t.blocked = blocked;
  return taken;
}

std::optional<SignalInfo> Process::take_pending(Thread& t) {
  const SignalInfo* next = next_pending(t);
  if (next == nullptr) return std::nullopt;
  const SignalInfo taken = *next;
  for (std::deque<SignalInfo>* queue : {&t.pending, &pending}) {
    const auto at = std::find_if(queue->begin(), queue->end(), [&](const SignalInfo& s) { return &s == next; });
    if (at == queue->end()) continue;
    queue->erase(at);
    break;
  }
  if (const auto timer = timers.find(taken.sender); taken.code == si_code::kTimer && timer != timers.end())
    timer->second.overrun = taken.user;
  return taken;
}

void Process::report_tags(Thread& t) {
  if (!t.core.tag_mismatch_noted) return;
  t.core.tag_mismatch_noted = false;
  if (!t.ended) send(t, {kSigsegv, si_code::kTagMismatchNoted});
}

void Process::deliver_signals(Thread& t) {
  act_for(t);
  while (const std::optional<SignalInfo> info = take_pending(t)) {
    Action& action = (*actions)[info->number];
    if (is_ignored(action, info->number)) continue;
    if (action.handler == kDefaultAction && is_stop(info->number)) return stop(info->number);
    if (action.handler == kDefaultAction) return end(info->number);
    // The handler sees the context of an aborted sequence, not of an interrupted one.
    restart_sequence(t);
    push_frame(t, *info);
    if ((action.flags & action_flag::kResetHandler) != 0) action.handler = kDefaultAction;
  }
  if (t.blocked_before) t.blocked = *t.blocked_before;
  t.blocked_before.reset();
}

void Process::push_frame(Thread& t, const SignalInfo& info) {
  isa::ArchState& s = t.core.state();
  const Action& action = (*actions)[info.number];
  Frame f{};
  f.info = to_siginfo(info, (action.flags & action_flag::kExposeTag) != 0);

  f.stack = t.alternate_stack;
  if (on_stack(t.alternate_stack, s.sp[0])) f.stack.flags |= kOnStack;
  f.mask = t.blocked_before.value_or(t.blocked);
  f.fault_address = t.fault.address;
  std::copy(s.x.begin(), s.x.end(), f.x);
  f.sp = s.sp[0];
  f.pc = s.pc;
  f.pstate = u64{s.nzcv} << 28 | (s.get(Reg::TCO).lo & kTagCheckOverride) | u64{t.core.branch_type} << kBranchTypeShift;
  FloatRecord fp{{kFloatMagic, sizeof(FloatRecord)},
                 static_cast<u32>(s.get(Reg::FPSR).lo),
                 static_cast<u32>(s.get(Reg::FPCR).lo),
                 {}};
  std::copy(s.v.begin(), s.v.end(), fp.v);
  std::memcpy(f.reserved, &fp, sizeof fp);
  if (t.fault.syndrome != 0) {
    const SyndromeRecord e{{kSyndromeMagic, sizeof(SyndromeRecord)}, t.fault.syndrome};
    std::memcpy(f.reserved + sizeof fp, &e, sizeof e);
  }

  u64 sp = s.sp[0];
  if ((action.flags & action_flag::kOnStack) != 0 && (t.alternate_stack.flags & kStackDisabled) == 0 &&
      !on_stack(t.alternate_stack, sp))
    sp = t.alternate_stack.address + t.alternate_stack.size;
  const u64 record = align_down(sp - 16, 16), at = record - sizeof(Frame);
  const u64 frame_record[2] = {s.x[29], s.x[30]};
  if (!put(record, frame_record) || !put(at, f)) {
    // Another SIGSEGV, which kills if it is the one that cannot be delivered (force_sigsegv()).
    if (info.number == kSigsegv) (*actions)[kSigsegv].handler = kDefaultAction;
    return force(t, {kSigsegv, si_code::kNotMapped, at});
  }
  if ((static_cast<u32>(t.alternate_stack.flags) & kStackAutodisarm) != 0) t.alternate_stack = {};

  s.x[0] = static_cast<u64>(info.number);
  if ((action.flags & action_flag::kInfo) != 0) {
    s.x[1] = at;
    s.x[2] = at + sizeof(Siginfo);
  }
  s.sp[0] = at;
  s.x[29] = record;
  s.x[30] = (action.flags & action_flag::kRestorer) != 0 ? action.restorer : space->trampoline;
  s.pc = action.handler;
  s.set(Reg::TCO, {});
  // A handler is entered as by BLR.
  t.core.branch_type = system.options.guarding ? 2 : 0;
  s.monitor = {};
  t.blocked |= action.mask;
  if ((action.flags & action_flag::kNoDefer) == 0) t.blocked |= signal_bit(info.number);
  t.blocked &= ~kUnblockable;
  t.blocked_before.reset();
}

void Process::segfault(Thread& t, u64 address) {
  const u64 plain = untag(address);
  t.fault = {plain, 0};
  force(t, {kSigsegv, memory().find(plain) == nullptr ? si_code::kNotMapped : si_code::kNotAllowed, plain});
}

void Process::return_from_signal(Thread& t) {
  isa::ArchState& s = t.core.state();
  const u64 sp = s.sp[0];
  Frame f;
  if (!is_aligned(sp, 16) || !get(sp, f)) return segfault(t, sp);
  // EL0t with debug, SError, IRQ and FIQ unmasked (valid_user_regs()).
  constexpr u64 kBadState = 0x1f | 0x3c0;
  if ((f.pstate & kBadState) != 0) return segfault(t, sp);
  const FloatRecord* found = nullptr;
  FloatRecord fp;
  for (u64 offset = 0;;) {
    RecordHead head;
    if (offset > sizeof f.reserved - sizeof head) return segfault(t, sp);
    std::memcpy(&head, f.reserved + offset, sizeof head);
    if (head.magic == 0 && head.size == 0) break;
    if (head.size < sizeof head || head.size % 16 != 0 || head.size > sizeof f.reserved - offset)
      return segfault(t, sp);
    if (head.magic == kFloatMagic) {
      if (found != nullptr || head.size != sizeof fp) return segfault(t, sp);
      std::memcpy(&fp, f.reserved + offset, sizeof fp);
      found = &fp;
    } else if (head.magic != kSyndromeMagic) {
      return segfault(t, sp);
    }
    offset += head.size;
  }
  if (found == nullptr) return segfault(t, sp);

  t.blocked = f.mask & ~kUnblockable;
  std::copy(std::begin(f.x), std::end(f.x), s.x.begin());
  s.sp[0] = f.sp;
  s.pc = f.pc;
  s.nzcv = static_cast<u8>(f.pstate >> 28 & 15);
  s.set(Reg::TCO, {f.pstate & kTagCheckOverride, 0});
  t.core.branch_type = system.options.guarding ? f.pstate >> kBranchTypeShift & 3 : 0;
  std::copy(std::begin(fp.v), std::end(fp.v), s.v.begin());
  s.set(Reg::FPSR, {fp.fpsr & 0x0800'009f, 0});
  s.set(Reg::FPCR, {fp.fpcr & 0x07c8'0000, 0});
  if (!on_stack(t.alternate_stack, f.sp)) {
    f.stack.flags &= ~kOnStack;
    t.alternate_stack = f.stack;
  }
}

void Process::take_fault(Thread& t, const StepResult& r) {
  const u64 pc = t.core.state().pc;
  if (memory().exhausted())
    return system.end(Outcome::Kind::OutOfMemory, kSigkill,
                      "the program touched more than " + std::to_string(memory().page_limit()) + " pages of memory");
  if (r.kind == StepResult::Kind::Exception) {
    t.fault = {pc, 0};
    if (r.exception == isa::ExceptionOp::Brk) return force(t, {kSigtrap, si_code::kBreakpoint, pc});
    return force(t, {kSigill, si_code::kIllegalOpcode, pc});
  }
  if (r.fault == FaultKind::PcAlignment) return force(t, {kSigbus, si_code::kMisaligned, pc});
  const bool fetch = r.fault == FaultKind::Fetch;
  const u64 abort = (fetch ? kLowerInstructionAbort : kLowerDataAbort) << 26 | kLong |
                    (r.fault == FaultKind::Write ? kWriteNotRead : 0);
  if (r.fault == FaultKind::Alignment) {
    t.fault = {untag(r.address), t.core.stack_misaligned ? kStackAlignment << 26 | kLong : abort | kAlignment};
    return force(t, {kSigbus, si_code::kMisaligned, untag(r.address)});
  }
  const u64 address = t.core.fault_byte();
  if (r.fault == FaultKind::Tag) {
    t.fault = {address, abort | kTagCheck};
    return force(t, {kSigsegv, si_code::kTagMismatch, address | (r.address & u64{15} << 56)});
  }
  if (memory().beyond_object(address)) {
    t.fault = {address, abort | kTranslationLevel3};
    return force(t, {kSigbus, si_code::kNoMemory, address});
  }
  const bool mapped = memory().find(address) != nullptr;
  t.fault = {address, abort | (mapped ? kPermissionLevel3 : kTranslationLevel3)};
  force(t, {kSigsegv, mapped ? si_code::kNotAllowed : si_code::kNotMapped, address});
}

}  // namespace isobar::linux_user

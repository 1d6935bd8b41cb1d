// Restartable sequences (Linux kernel/rseq.c): registration, and the abort of a sequence that was interrupted.
#include <array>

#include "linux-user/system.h"
#include "support/bits.h"

namespace isobar::linux_user {

namespace {

/// Offsets in struct rseq.
constexpr u64 kCpuStart = 0, kCpu = 4, kSequence = 8, kNode = 20, kConcurrency = 24;
/// Of the first layout. Larger areas are accepted; nothing behind these bytes is in use.
constexpr u64 kSize = 32;
constexpr u64 kUnregister = 1;
constexpr u32 kNoCpu = ~u32{0};

/// struct rseq_cs.
struct Sequence {
  u32 version = 0, flags = 0;
  u64 start = 0, length = 0, abort = 0;
};

/// struct rseq.
struct RseqBytes {
  u32 start = 0, cpu = 0;
  u64 sequence = 0;
  u32 flags = 0, node = 0, concurrency = 0;
};

/// There is one NUMA node.
bool put_numbers(Process& p, const Thread& t, u32 start, u32 cpu, u32 concurrency) {
  const u64 at = t.rseq.address;
  return p.put(at + kCpuStart, start) && p.put(at + kCpu, cpu) && p.put(at + kNode, u32{0}) &&
         p.put(at + kConcurrency, concurrency);
}

/// The part of struct rseq_cs that says where a sequence is, checked; 0 or an error.
i64 read_sequence(Process& p, const Thread& t, u64 pointer, Sequence& s) {
  u32 signature = 0;
  const u64 limit = functional::kAddressLimit;
  if (pointer >= limit) return -kEINVAL;
  if (!p.get(pointer, s)) return -kEFAULT;
  if (s.version != 0 || s.start >= limit || s.length >= limit || s.start + s.length >= limit || s.abort >= limit ||
      s.abort - s.start < s.length)
    return -kEINVAL;
  if (!p.get(s.abort - 4, signature)) return -kEFAULT;
  return signature != t.rseq.signature ? -kEINVAL : 0;
}

i64 rseq(Process& p, Thread& t, const Call& c) {
  const u64 address = c.a[0], size = static_cast<u32>(c.a[1]), flags = static_cast<u32>(c.a[2]);
  const u32 signature = static_cast<u32>(c.a[3]);
  RseqArea& area = t.rseq;
  if ((flags & kUnregister) != 0) {
    if (flags != kUnregister || area.address == 0 || area.address != address || size != area.size) return -kEINVAL;
    if (area.signature != signature) return -kEPERM;
    if (!put_numbers(p, t, 0, kNoCpu, 0)) return -kEFAULT;
    area = {};
    return 0;
  }
  if (flags != 0) return -kEINVAL;
  if (area.address != 0) {
    if (area.address != address || size != area.size) return -kEINVAL;
    return area.signature != signature ? -kEPERM : -kEBUSY;
  }
  if (size < kSize || !is_aligned(address, kRseqAlignment)) return -kEINVAL;
  if (address >= functional::kAddressLimit || size > functional::kAddressLimit - address) return -kEFAULT;
  u64 sequence = 0;
  if (!p.get(address + kSequence, sequence)) return -kEFAULT;
  if (sequence != 0 && !p.put(address + kSequence, u64{0})) return -kEFAULT;
  area = {address, signature, static_cast<u32>(size)};
  p.restart_sequence(t);
  return 0;
}

}  // namespace

/// rseq_handle_notify_resume(), for a thread that has been off its core or gets a signal.
void Process::restart_sequence(Thread& t) {
  if (t.rseq.address == 0) return;
  act_for(t);
  const auto fail = [&] { force(t, {kSigsegv, si_code::kKernel}); };
  u64& pc = t.core.state().pc;
  RseqBytes now;
  if (!get(t.rseq.address, now)) return fail();
  if (now.sequence != 0) {
    Sequence s;
    if (read_sequence(*this, t, now.sequence, s) < 0) return fail();
    const bool inside = pc - s.start < s.length;
    if (inside && (s.flags != 0 || now.flags != 0)) return fail();
    if (!put(t.rseq.address + kSequence, u64{0})) return fail();
    if (inside) pc = s.abort;
  }
  const u32 concurrency = system.concurrency_id(t);
  if (now.start == t.cpu && now.cpu == t.cpu && now.node == 0 && now.concurrency == concurrency) return;
  if (!put_numbers(*this, t, t.cpu, t.cpu, concurrency)) fail();
}

/// rseq_syscall() of kernels with CONFIG_DEBUG_RSEQ.
bool Process::is_in_sequence(const Thread& t, u64 pc) {
  u64 pointer = 0;
  if (t.rseq.address == 0 || !get(t.rseq.address + kSequence, pointer)) return t.rseq.address != 0;
  if (pointer == 0) return false;
  Sequence s;
  return read_sequence(*this, t, pointer, s) < 0 || pc - s.start < s.length;
}

std::vector<SystemCall> rseq_calls() {
  return {{293, "rseq", 4, rseq}};
}

}  // namespace isobar::linux_user

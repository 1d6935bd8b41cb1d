// Restartable sequences (Linux kernel/rseq.c): registration, and the abort of a sequence that was interrupted.
#include <array>

#include "linux-user/system.h"
#include "support/bits.h"

namespace isobar::linux_user {

namespace {

/// Offsets in struct rseq.
constexpr u64 kCpuStart = 0, kCpu = 4, kSequence = 8, kFlags = 16;
constexpr u64 kSize = 32;
constexpr u64 kUnregister = 1;
constexpr u32 kNoCpu = ~u32{0};

/// struct rseq_cs.
struct Sequence {
  u32 version = 0, flags = 0;
  u64 start = 0, length = 0, abort = 0;
};

bool put_cpu(Process& p, const Thread& t, u32 start, u32 cpu) {
  return p.put(t.rseq.address + kCpuStart, start) && p.put(t.rseq.address + kCpu, cpu);
}

i64 rseq(Process& p, Thread& t, const Call& c) {
  const u64 address = c.a[0], size = static_cast<u32>(c.a[1]), flags = static_cast<u32>(c.a[2]);
  const u32 signature = static_cast<u32>(c.a[3]);
  RseqArea& area = t.rseq;
  if ((flags & kUnregister) != 0) {
    if (flags != kUnregister || area.address == 0 || area.address != address || size != area.size) return -kEINVAL;
    if (area.signature != signature) return -kEPERM;
    if (!put_cpu(p, t, 0, kNoCpu)) return -kEFAULT;
    area = {};
    return 0;
  }
  if (flags != 0) return -kEINVAL;
  if (area.address != 0) {
    if (area.address != address || size != area.size) return -kEINVAL;
    return area.signature != signature ? -kEPERM : -kEBUSY;
  }
  if (size < kSize || !is_aligned(address, kSize)) return -kEINVAL;
  if (address >= functional::kAddressLimit) return -kEFAULT;
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
  u64 pointer = 0;
  if (!get(t.rseq.address + kSequence, pointer)) return fail();
  if (pointer != 0) {
    Sequence s;
    u32 signature = 0, flags = 0;
    const u64 limit = functional::kAddressLimit;
    if (pointer >= limit || !get(pointer, s)) return fail();
    if (s.version != 0 || s.start >= limit || s.length >= limit || s.start + s.length >= limit || s.abort >= limit ||
        s.abort - s.start < s.length || !get(s.abort - 4, signature) || signature != t.rseq.signature)
      return fail();
    const bool inside = pc - s.start < s.length;
    if (inside && (s.flags != 0 || !get(t.rseq.address + kFlags, flags) || flags != 0)) return fail();
    if (!put(t.rseq.address + kSequence, u64{0})) return fail();
    if (inside) pc = s.abort;
  }
  if (!put_cpu(*this, t, t.cpu, t.cpu)) fail();
}

std::vector<SystemCall> rseq_calls() {
  return {{293, "rseq", 4, rseq}};
}

}  // namespace isobar::linux_user

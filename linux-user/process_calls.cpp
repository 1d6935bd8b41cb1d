// What concerns the process as a whole: limits, names, random numbers, prctl, membarrier.
#include <algorithm>
#include <array>
#include <cstring>

#include "linux-user/system.h"

namespace isobar::linux_user {

namespace {

i64 uname(Process& p, Thread&, const Call& c) {
  constexpr unsigned kLength = 65;
  std::array<char, 6 * kLength> names{};
  const char* const fields[] = {"Linux", "isobar", "6.12.0-isobar", "#1 SMP", "aarch64", "(none)"};
  for (unsigned i = 0; i < 6; ++i) std::strcpy(names.data() + i * kLength, fields[i]);
  return p.put(c.a[0], names) ? 0 : -kEFAULT;
}

i64 getrandom(Process& p, Thread&, const Call& c) {
  constexpr u64 kKnownFlags = 7, kRandomAndInsecure = 6, kMost = 1 << 20;
  if ((c.a[2] & ~kKnownFlags) != 0 || (c.a[2] & kRandomAndInsecure) == kRandomAndInsecure) return -kEINVAL;
  const u64 size = std::min(c.a[1], kMost);
  u64 done = 0;
  while (done < size) {
    const u64 bytes = p.system.random(), part = std::min<u64>(8, size - done);
    const u64 written = p.copy_out(c.a[0] + done, &bytes, part);
    done += written;
    if (written != part) break;
  }
  return done == 0 && size != 0 ? -kEFAULT : static_cast<i64>(done);
}

i64 prlimit64(Process& p, Thread&, const Call& c) {
  constexpr u64 kLimits = 16, kStack = 3, kFiles = 7, kUnlimited = ~u64{0};
  if (c.a[0] != 0 && p.system.find_process(static_cast<i32>(c.a[0])) == nullptr) return -kESRCH;
  if (static_cast<u32>(c.a[1]) >= kLimits) return -kEINVAL;
  std::array<u64, 2> wanted{};
  if (c.a[2] != 0 && !p.get(c.a[2], wanted)) return -kEFAULT;
  if (c.a[2] != 0 && wanted[0] > wanted[1]) return -kEINVAL;
  std::array<u64, 2> limit{kUnlimited, kUnlimited};
  if (c.a[1] == kStack) limit[0] = 8 << 20;
  if (c.a[1] == kFiles) limit = {1024, 4096};
  return c.a[3] == 0 || p.put(c.a[3], limit) ? 0 : -kEFAULT;
}

/// set_mte_ctrl() and mte_update_sctlr_user(): of the ways that the program accepts, the preferred one.
i64 set_tagged_addresses(Process& p, Thread& t, u64 wanted) {
  constexpr u64 kEnable = 1, kSynchronous = 2, kAsynchronous = 4, kAllTags = 0xffff;
  constexpr unsigned kTagShift = 3;
  const u64 known = kEnable | (p.system.options.tagging ? kSynchronous | kAsynchronous | kAllTags << kTagShift : 0);
  if ((wanted & ~known) != 0) return -kEINVAL;
  const auto has = [](unsigned set, TagChecks one) { return (set & static_cast<unsigned>(one)) != 0; };
  unsigned accepted = ((wanted & kSynchronous) != 0 ? static_cast<unsigned>(TagChecks::Synchronous) : 0) |
                      ((wanted & kAsynchronous) != 0 ? static_cast<unsigned>(TagChecks::Asynchronous) : 0);
  if ((wanted & kSynchronous) != 0 && (wanted & kAsynchronous) != 0)
    accepted |= static_cast<unsigned>(TagChecks::Asymmetric);
  const TagChecks preferred = p.system.options.preferred_checks;
  if (has(accepted, preferred)) accepted = static_cast<unsigned>(preferred);
  t.tagged_addresses = wanted;
  t.core.checks_tags = accepted != 0;
  t.core.notes_writes = has(accepted, TagChecks::Asymmetric) || has(accepted, TagChecks::Asynchronous);
  t.core.notes_reads = t.core.notes_writes && !has(accepted, TagChecks::Asymmetric);
  t.core.state().set(isa::Reg::GCR_EL1, {~(wanted >> kTagShift) & kAllTags, 0});
  return 0;
}

/// PR_SET_MEM_MODEL: 0 is the architecture's model, 1 total store order, which a core that is always TSO has anyway.
i64 set_memory_model(const Process& p, Thread& t, u64 model) {
  const MemoryModel has = p.system.options.memory_model;
  if (model > (has == MemoryModel::Absent ? 0u : 1u)) return -kEINVAL;
  if (has == MemoryModel::Switchable) t.tso = model == 1;
  return 0;
}

i64 prctl(Process& p, Thread& t, const Call& c) {
  enum : u64 {
    kSetDeathSignal = 1,
    kGetDeathSignal = 2,
    kGetDumpable = 3,
    kSetDumpable = 4,
    kSetName = 15,
    kGetName = 16,
    kGetSeccomp = 21,
    kReadBoundingSet = 23,
    kSetTimerSlack = 29,
    kGetTimerSlack = 30,
    kSetNoNewPrivileges = 38,
    kGetNoNewPrivileges = 39,
    kSetTaggedAddresses = 55,
    kGetTaggedAddresses = 56,
    kSetRange = 0x53564d41,
    kGetMemoryModel = 0x6d4d444c,
    kSetMemoryModel = 0x4d4d444c,
  };
  const bool no_more_than_2 = (c.a[2] | c.a[3] | c.a[4]) == 0;
  std::array<char, 16> name{};
  switch (static_cast<u32>(c.a[0])) {
    case kSetDeathSignal:
      if (c.a[1] > kSignals) return -kEINVAL;
      p.death_signal = static_cast<i32>(c.a[1]);
      return 0;
    case kGetDeathSignal: return p.put(c.a[1], p.death_signal) ? 0 : -kEFAULT;
    case kGetDumpable: return p.dumpable ? 1 : 0;
    case kSetDumpable:
      if (c.a[1] > 1) return -kEINVAL;
      p.dumpable = c.a[1] != 0;
      return 0;
    case kGetSeccomp: return 0;
    // No capability, and sleeping is exact.
    case kReadBoundingSet: {
      constexpr u64 kLastCapability = 40;
      return c.a[1] <= kLastCapability ? 0 : -kEINVAL;
    }
    case kSetTimerSlack: t.timer_slack = static_cast<i64>(c.a[1]) > 0 ? c.a[1] : t.default_timer_slack; return 0;
    case kGetTimerSlack: return static_cast<i64>(t.timer_slack);
    case kSetName:
      for (unsigned i = 0; i < 15; ++i) {
        if (!p.get(c.a[1] + i, name[i])) return -kEFAULT;
        if (name[i] == 0) break;
      }
      t.name = name.data();
      return 0;
    case kGetName:
      std::copy_n(t.name.begin(), std::min<std::size_t>(t.name.size(), 15), name.begin());
      return p.put(c.a[1], name) ? 0 : -kEFAULT;
    case kSetNoNewPrivileges:
      if (c.a[1] != 1 || !no_more_than_2) return -kEINVAL;
      p.no_new_privileges = true;
      return 0;
    case kGetNoNewPrivileges:
      if (c.a[1] != 0 || !no_more_than_2) return -kEINVAL;
      return p.no_new_privileges ? 1 : 0;
    case kSetTaggedAddresses: return no_more_than_2 ? set_tagged_addresses(p, t, c.a[1]) : -kEINVAL;
    case kGetTaggedAddresses:
      return c.a[1] == 0 && no_more_than_2 ? static_cast<i64>(t.tagged_addresses) : -kEINVAL;
    // PR_SET_VMA knows only PR_SET_VMA_ANON_NAME.
    case kSetRange: return c.a[1] == 0 ? name_range(p, c.a[2], c.a[3], c.a[4]) : -kEINVAL;
    case kGetMemoryModel: return c.a[1] == 0 && no_more_than_2 ? i64{t.tso} : -kEINVAL;
    case kSetMemoryModel: return no_more_than_2 ? set_memory_model(p, t, c.a[1]) : -kEINVAL;
    default: return -kEINVAL;
  }
}

/// The checks (kernel/sched/membarrier.c). Sequentially consistent execution needs no barriers; other drivers are told
/// what to send.
i64 membarrier(Process& p, Thread&, const Call& c) {
  enum : u64 {
    kQuery = 0,
    kGlobal = 1,
    kGlobalExpedited = 2,
    kRegisterGlobalExpedited = 4,
    kPrivate = 8,
    kRegisterPrivate = 16,
    kPrivateSyncCore = 32,
    kRegisterPrivateSyncCore = 64,
    kPrivateRseq = 128,
    kRegisterPrivateRseq = 256,
    kGetRegistrations = 512,
    kAll = 1023,
  };
  const u64 command = static_cast<u32>(c.a[0]), flags = static_cast<u32>(c.a[1]);
  constexpr u64 kOneCpu = 1;
  if ((flags & ~(command == kPrivateRseq ? kOneCpu : 0)) != 0) return -kEINVAL;
  u64& registered = p.space->membarrier_registrations;
  const auto ready = [&](u64 registration, MembarrierKind kind) -> i64 {
    if ((registered & registration) == 0) return -kEPERM;
    p.system.requested_membarrier = kind;
    return 0;
  };
  switch (command) {
    case kQuery: return kAll;
    case kGlobal:
    case kGlobalExpedited: p.system.requested_membarrier = MembarrierKind::Global; return 0;
    case kRegisterGlobalExpedited:
    case kRegisterPrivate:
    case kRegisterPrivateSyncCore:
    case kRegisterPrivateRseq: registered |= command; return 0;
    case kPrivate: return ready(kRegisterPrivate, MembarrierKind::Private);
    case kPrivateSyncCore: return ready(kRegisterPrivateSyncCore, MembarrierKind::SyncCore);
    // Every thread that is not running begins with restart_sequence(): nothing is left to interrupt.
    case kPrivateRseq: return ready(kRegisterPrivateRseq, MembarrierKind::Sequences);
    // Registering for SYNC_CORE or RSEQ marks the process as private too, without making it ready.
    case kGetRegistrations: {
      const bool marked = (registered & (kRegisterPrivateSyncCore | kRegisterPrivateRseq)) != 0;
      return static_cast<i64>(registered | (marked ? kRegisterPrivate : u64{0}));
    }
    default: return -kEINVAL;
  }
}

}  // namespace

std::vector<SystemCall> process_calls() {
  return {{160, "uname", 1, uname},
          {167, "prctl", 5, prctl},
          {261, "prlimit64", 4, prlimit64},
          {278, "getrandom", 3, getrandom},
          {283, "membarrier", 3, membarrier}};
}

}  // namespace isobar::linux_user

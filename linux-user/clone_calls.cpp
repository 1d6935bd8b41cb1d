// clone and clone3: threads and processes (Linux kernel/fork.c).
#include <algorithm>

#include "linux-user/system.h"

namespace isobar::linux_user {

namespace {

enum : u64 {
  kExitSignal = 0xff,
  kVm = 0x100,
  kFiles = 0x400,
  kSighand = 0x800,
  kPidfd = 0x1000,
  kVfork = 0x4000,
  kParent = 0x8000,
  kThread = 0x10000,
  kSettls = 0x80000,
  kParentSettid = 0x100000,
  kChildCleartid = 0x200000,
  kDetached = 0x400000,
  kChildSettid = 0x1000000,
  kNamespaces = 0x7e020000 | 0x80,
  kClearSighand = 0x100000000,
  kIntoCgroup = 0x200000000,
};

/// struct clone_args.
struct CloneArguments {
  u64 flags = 0, pidfd = 0, child_tid = 0, parent_tid = 0, exit_signal = 0, stack = 0, stack_size = 0, tls = 0,
      set_tid = 0, set_tid_size = 0, cgroup = 0;
};
constexpr u64 kFirstCloneSize = 64;
using functional::kPageSize;

/// A process with copies, or the same, of what the flags say.
Process& new_process(Process& p, const CloneArguments& a) {
  const bool shares_memory = (a.flags & kVm) != 0;
  Process& child = p.system.add_process();
  child.parent = (a.flags & kParent) != 0 ? p.parent : &p;
  child.exit_signal = (a.flags & kParent) != 0 ? p.exit_signal : static_cast<i32>(a.exit_signal);
  child.group = p.group;
  child.session = p.session;
  child.no_new_privileges = p.no_new_privileges;
  child.dumpable = p.dumpable;
  child.folder = p.folder;
  child.mask_of_modes = p.mask_of_modes;
  child.image = p.image;
  child.space = p.space;
  if (!shares_memory) {
    child.space = std::make_shared<AddressSpace>(*p.space);
    child.space->memory = p.memory().fork();
  }
  child.files = (a.flags & kFiles) != 0 ? p.files : std::make_shared<FileTable>(*p.files);
  child.actions = (a.flags & kSighand) != 0 ? p.actions : std::make_shared<Actions>(*p.actions);
  if ((a.flags & kClearSighand) != 0) {
    for (Action& action : *child.actions) {
      if (action.handler != kIgnore) action = {};
    }
  }
  return child;
}

i64 create(Process& p, Thread& parent, const CloneArguments& a) {
  if ((a.flags & kThread) != 0 && (a.flags & kSighand) == 0) return -kEINVAL;
  if ((a.flags & kSighand) != 0 && (a.flags & kVm) == 0) return -kEINVAL;
  if ((a.flags & kSighand) != 0 && (a.flags & kClearSighand) != 0) return -kEINVAL;
  if ((a.flags & kParent) != 0 && p.parent == nullptr) return -kEINVAL;
  if ((a.flags & (kNamespaces | kPidfd)) != 0) return -kENOSYS;
  if (p.system.is_full()) return -kEAGAIN;
  const bool is_thread = (a.flags & kThread) != 0;
  Process& owner = is_thread ? p : new_process(p, a);
  Thread& t = p.system.add_thread(owner);
  isa::ArchState& s = t.core.state();
  s = parent.core.state();
  s.x[0] = 0;
  s.monitor = {};
  if (a.stack != 0) s.sp[0] = a.stack + a.stack_size;
  if ((a.flags & kSettls) != 0) s.set(isa::Reg::TPIDR_EL0, {a.tls, 0});
  t.tso = parent.tso;
  t.tagged_addresses = parent.tagged_addresses;
  t.timer_slack = t.default_timer_slack = parent.timer_slack;
  t.core.checks_stack = parent.core.checks_stack;
  t.core.checks_tags = parent.core.checks_tags;
  t.core.notes_reads = parent.core.notes_reads;
  t.core.notes_writes = parent.core.notes_writes;
  t.core.tag_seed = static_cast<u32>(t.tid);
  t.name = parent.name;
  if ((parent.policy & Thread::kResetOnFork) == 0) {
    t.policy = parent.policy;
    t.priority = parent.priority;
  }
  t.nice = parent.nice;
  t.affinity = parent.affinity;
  t.cpu = p.system.least_loaded(t.affinity);
  t.blocked = parent.blocked;
  if ((a.flags & kVm) == 0) {
    t.rseq = parent.rseq;
    t.alternate_stack = parent.alternate_stack;
  } else if ((a.flags & kVfork) != 0) {
    t.alternate_stack = parent.alternate_stack;
  }
  if ((a.flags & kParentSettid) != 0) p.put(a.parent_tid, t.tid);
  if ((a.flags & kChildSettid) != 0) owner.put(a.child_tid, t.tid);
  if ((a.flags & kChildCleartid) != 0) t.clear_child_tid = a.child_tid;
  if ((a.flags & kVfork) != 0 && !is_thread) {
    // The result is there when the wait ends.
    owner.vfork_parent = &parent;
    parent.wait.emplace().kind = Wait::Kind::Vfork;
  }
  return t.tid;
}

i64 clone(Process& p, Thread& t, const Call& c) {
  CloneArguments a;
  a.flags = static_cast<u32>(c.a[0]) & ~u64{kExitSignal};
  a.exit_signal = c.a[0] & kExitSignal;
  a.stack = c.a[1];
  a.parent_tid = c.a[2];
  a.tls = c.a[3];
  a.child_tid = c.a[4];
  return create(p, t, a);
}

i64 clone3(Process& p, Thread& t, const Call& c) {
  CloneArguments a;
  const u64 size = c.a[1];
  if (size > kPageSize) return -kE2BIG;
  if (size < kFirstCloneSize) return -kEINVAL;
  std::vector<u8> bytes(size);
  if (p.copy_in(c.a[0], bytes.data(), size) != size) return -kEFAULT;
  std::copy_n(bytes.begin(), std::min<u64>(size, sizeof a), reinterpret_cast<u8*>(&a));
  if (std::any_of(bytes.begin() + static_cast<std::ptrdiff_t>(std::min<u64>(size, sizeof a)), bytes.end(),
                  [](u8 b) { return b != 0; }))
    return -kE2BIG;
  constexpr u64 kMostIds = 32, kAll = 0x3'ffff'ffff;
  if (a.set_tid_size > kMostIds || (a.set_tid == 0) != (a.set_tid_size == 0)) return -kEINVAL;
  if ((a.flags & ~kAll) != 0 || (a.flags & (kDetached | kExitSignal)) != 0 || a.exit_signal > kSignals) return -kEINVAL;
  if ((a.stack == 0) != (a.stack_size == 0)) return -kEINVAL;
  if ((a.flags & (kThread | kParent)) != 0 && a.exit_signal != 0) return -kEINVAL;
  // Choosing numbers and control groups is for the administrator.
  if (a.set_tid_size != 0) {
    constexpr i32 kMostNumbers = 4194304;
    i32 number = 0;
    if (a.set_tid_size > 1) return -kEINVAL;  // there are no namespaces of numbers
    if (!p.get(a.set_tid, number)) return -kEFAULT;
    return number < 1 || number >= kMostNumbers ? -kEINVAL : -kEPERM;
  }
  if ((a.flags & kIntoCgroup) != 0) return -kEBADF;
  return create(p, t, a);
}

/// Only what needs no privilege. Folders belong to a process anyway, and are shared by its threads.
i64 unshare(Process& p, Thread&, const Call& c) {
  constexpr u64 kFolders = 0x200, kSemaphores = 0x40000, kOneThread = kThread | kSighand | kVm;
  const u64 flags = static_cast<u32>(c.a[0]);
  if ((flags & ~(kFolders | kSemaphores | kOneThread | kFiles | kNamespaces)) != 0) return -kEINVAL;
  if ((flags & kOneThread) != 0 && p.alive() > 1) return -kEINVAL;
  if ((flags & kNamespaces) != 0) return -kEPERM;
  if ((flags & kFiles) != 0) p.files = std::make_shared<FileTable>(*p.files);
  return 0;
}

}  // namespace

std::vector<SystemCall> clone_calls() {
  return {{97, "unshare", 1, unshare}, {220, "clone", 5, clone}, {435, "clone3", 2, clone3}};
}

}  // namespace isobar::linux_user

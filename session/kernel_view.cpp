#include "session/kernel_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "kernel-shim/layout.h"

namespace isobar::session {

using isa::Reg;
using kernel::MembarrierState;
using kernel::MmField;
using kernel::RunQueueField;
using kernel::TaskField;
using kernel::TaskState;

namespace {

constexpr u64 kActlrTso = 2;
constexpr unsigned kReschedule = 0, kCallFunction = 1, kSequence = 2, kState = 3, kTimer = 27;

/// What a process has registered for with membarrier.
struct Registration {
  u32 bit, ready;
  const char* name;
};
constexpr Registration kRegistrations[] = {
    {MembarrierState::PrivateExpedited, MembarrierState::PrivateExpeditedReady, "private expedited"},
    {MembarrierState::SyncCore, MembarrierState::SyncCoreReady, "sync core"},
    {MembarrierState::Rseq, MembarrierState::RseqReady, "rseq"},
    {MembarrierState::GlobalExpedited, MembarrierState::GlobalExpeditedReady, "global expedited"},
};

std::string interrupt_name(unsigned intid) {
  switch (intid) {
    case kReschedule: return "reschedule";
    case kCallFunction: return "call function";
    case kSequence: return "abort of sequences";
    case kState: return "state of membarrier";
    case kTimer: return "timer";
    default: return fmt::format("interrupt {}", intid);
  }
}

std::string state_name(u64 state) {
  switch (state) {
    case TaskState::Running: return "runnable";
    case TaskState::Dead: return "dead";
    case TaskState::Migrating: return "migrating";
    case TaskState::New: return "new";
    default: return fmt::format("{:#x}", state);
  }
}

class KernelReader {
 public:
  KernelReader(const Workload& w, const model::MachineState& s) : w_(w), s_(s) {}

  KernelView read() const {
    KernelView v;
    for (unsigned c = 0; c < s_.core.size(); ++c) v.run_queues.push_back(run_queue(c));
    for (u64 a = kernel::kTaskBase + s_.core.size() * kernel::kTaskSize; !task_name(a).empty(); a += kernel::kTaskSize)
      v.threads.push_back(thread(a));
    for (u64 a = kernel::kMmBase; !mm_name(a).empty(); a += kernel::kMmSize) v.processes.push_back(process(a));
    return v;
  }

 private:
  u64 word(u64 addr, unsigned size = 8) const {
    return model::read_memory(s_.storage, w_.machine->image(), addr, size).lo;
  }

  /// The part behind `prefix` of the kernel's name for `addr`; empty if it has none.
  std::string symbol(u64 addr, std::string_view prefix) const {
    const auto found = w_.build->symbols.find(addr);
    if (found == w_.build->symbols.end() || found->second.compare(0, prefix.size(), prefix) != 0) return "";
    return found->second.substr(prefix.size());
  }
  std::string mm_name(u64 addr) const { return symbol(addr, "kernel.mm_"); }
  std::string task_name(u64 addr) const { return symbol(addr, "kernel.task_"); }
  /// Also of an idle task; a number where a field holds something else.
  std::string any_task(u64 addr) const {
    if (addr == 0) return "";
    const std::string name = task_name(addr);
    if (!name.empty()) return name;
    return symbol(addr, "kernel.idle").empty() ? fmt::format("{:#x}", addr) : "idle";
  }

  static u64 rq(unsigned core) { return kernel::kRunQueueBase + core * kernel::kRunQueueSize; }
  /// Whose stack pointer the core has, as far as its instructions have retired.
  u64 running(unsigned core) const { return model::read_register(s_.core[core], Reg::SP_EL1).lo; }

  /// The circular list of the core's threads, from the head that its idle task points to.
  std::string queue(unsigned core) const {
    const u64 idle = word(rq(core) + RunQueueField::Idle);
    const u64 head = word(idle + TaskField::Next);
    std::string out;
    u64 at = head;
    for (unsigned n = 0; n < kernel::kMaxThreads && at != idle && !task_name(at).empty(); ++n) {
      const u64 state = word(at + TaskField::State, 4);
      out += (out.empty() ? "" : ", ") + task_name(at);
      if (state != TaskState::Running) out += " (" + state_name(state) + ")";
      at = word(at + TaskField::Next);
      if (at == head) break;
    }
    return out;
  }

  std::string handed_over(unsigned core) const {
    std::string out;
    for (unsigned from = 0; from < s_.core.size(); ++from) {
      const u64 task = word(rq(core) + RunQueueField::Wake + 16 * from);
      if (task != 0) out += fmt::format("{}{} from core {}", out.empty() ? "" : ", ", any_task(task), from);
    }
    return out;
  }

  static std::string interrupts(u32 mask) {
    std::string out;
    for (unsigned n = 0; n < 32; ++n)
      if ((mask >> n & 1) != 0) out += (out.empty() ? "" : ", ") + interrupt_name(n);
    return out;
  }

  ObjectView run_queue(unsigned core) const {
    const u64 at = rq(core), current = word(at + RunQueueField::Curr);
    return {fmt::format("core {}", core),
            {{"current", any_task(current)},
             {"still runs", running(core) == current ? "" : any_task(running(core))},
             {"queue", queue(core)},
             {"handed over", handed_over(core)},
             {"need_resched", word(at + RunQueueField::NeedResched, 4) != 0 ? "set" : ""},
             {"call", word(at + RunQueueField::Csd, 4) != 0 ? "membarrier waits for it" : ""},
             {"pending", interrupts(s_.storage.irq.pending[core])},
             {"in handler", interrupts(s_.storage.irq.active[core])}}};
  }

  ObjectView thread(u64 at) const {
    const u64 mm = word(at + TaskField::Mm), borrowed = word(at + TaskField::ActiveMm);
    std::string on, space = mm_name(mm);
    for (unsigned c = 0; c < s_.core.size(); ++c)
      if (running(c) == at) on = fmt::format("core {}", c);
    if (mm == 0 && borrowed != 0) space = mm_name(borrowed) + " (borrowed)";
    return {task_name(at),
            {{"state", state_name(word(at + TaskField::State, 4))},
             {"runs on", on},
             {"belongs to", fmt::format("core {}", word(at + TaskField::Cpu))},
             {"address space", space},
             {"saved TSO", (word(at + TaskField::Actlr) & kActlrTso) != 0 ? "on" : "off"}}};
  }

  ObjectView process(u64 at) const {
    const u64 state = word(at + MmField::MembarrierState, 4);
    std::string registered;
    for (const Registration& r : kRegistrations) {
      if ((state & r.bit) == 0) continue;
      registered += fmt::format("{}{}{}", registered.empty() ? "" : ", ", r.name, (state & r.ready) == 0 ? ", not ready" : "");
    }
    return {mm_name(at), {{"membarrier", registered.empty() ? "not registered" : registered}}};
  }

  const Workload& w_;
  const model::MachineState& s_;
};

}  // namespace

std::optional<KernelView> kernel_view(const Workload& w, const model::MachineState& s) {
  if (!w.build || !w.build->kernel) return std::nullopt;
  return KernelReader(w, s).read();
}

}  // namespace isobar::session

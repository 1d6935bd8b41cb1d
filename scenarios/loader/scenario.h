// A scenario: what a YAML file says, checked and with every name resolved. Plain data.
//
// Owns: the vocabulary of the format (docs/scenarios.md). Must not know: drivers, SystemC, YAML.
// load_scenario() fills it; build() turns one variant of it into a machine and a program.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "isa/register.h"
#include "kernel-shim/shim.h"
#include "model/state/config.h"
#include "scenarios/loader/condition.h"
#include "support/diagnostic.h"
#include "support/types.h"

namespace isobar::scenarios {

/// A number, address or instruction as written: `1`, `-22`, `-EINVAL`, `x`, `x+8`, `P1.loop`, `instr(NOP)`.
struct Constant {
  std::string text;
  u32 line = 0, column = 0;
  Value value;  ///< its meaning, set when names are resolved
};

/// A64 text and where it stands in the file.
struct AsmText {
  std::string text;
  u32 line = 0, column = 0;  ///< of its first character
};

/// Assembled text at its address.
struct Code {
  u64 base = 0;
  std::vector<u8> bytes;
  u64 end = 0;  ///< address behind the last instruction (literals may follow)
  std::map<std::string, u64> labels;
};

/// A named piece of memory.
struct MemoryLocation {
  std::string name;
  u32 line = 0, column = 0;
  u8 element = 8;                 ///< bytes per element: 1, 2, 4, 8 or 16
  u64 count = 1;                  ///< elements
  u64 align = 0;                  ///< bytes; 0: own cache line
  std::optional<u64> at;          ///< fixed address
  u8 permissions = 0;             ///< mask of model::Permission
  bool race_free = false;         ///< no two accesses to it may race (hunt/race.h)
  u8 tag = 0;                     ///< allocation tag of all its granules, 0 to 15
  std::vector<Constant> initial;  ///< first elements, the others are 0; a single value fills one element
  bool is_code = false;           ///< `type: code`
  AsmText assembly;               ///< is_code: may be empty
  u64 address = 0;
  Code code;  ///< is_code
  u64 bytes() const { return element * count; }
};

/// Registers and their values before the first instruction.
using Registers = std::vector<std::pair<isa::Reg, Constant>>;

struct Thread {
  std::string name;
  u32 line = 0, column = 0;
  std::optional<unsigned> core;  ///< as written; every thread has one after loading
  std::string process = "main";  ///< with a kernel: threads of one process share an address space
  bool tso = false;              ///< with a kernel: starts with ACTLR_EL1.TSO set
  bool parks = false;    ///< with a kernel: at its end it waits for interrupts in EL0 instead of exiting
  bool reserve = false;  ///< with a kernel: runs only once clone() has made it the child
  u8 el = 0;
  bool writable = false;  ///< its own text may be written by EL0 and EL1
  Registers registers;
  std::optional<Constant> rseq;  ///< with a kernel: address of the struct rseq that it has registered
  std::string start_label;    ///< empty: the beginning of the text
  std::string handler_label;  ///< with a kernel: of all signals that its own faults raise; empty: they end it
  std::vector<std::string> stop_labels;
  AsmText assembly;
  Code code;
  u64 entry = 0;
  u64 handler = 0;         ///< 0: none
  std::vector<u64> stops;  ///< without a kernel: addresses at which it stops, the end of its text among them
};

/// A thread that never leaves the kernel and so borrows the address space of whatever ran before it.
struct KernelThread {
  std::string name;
  u32 line = 0, column = 0;
  unsigned core = 0;
  bool first = false;   ///< it runs at the start, as if it had just replaced the first thread of its core
  Registers registers;  ///< X19 to X29
  AsmText assembly;     ///< EL1 code that may call the kernel by its labels; empty: it only comes and goes
};

/// An address space. Its threads share it; all memory of the scenario is mapped in every one.
struct Process {
  std::string name;
  std::vector<std::string> membarrier;  ///< registrations at the start, such as private_expedited
};

struct KernelSection {
  bool enabled = false;
  kernel::Policy policy = kernel::Policy::PrctlV1;
  std::set<kernel::Knob> knobs;  ///< deliberate faults of the kernel
  unsigned preemptions = 0;      ///< timer interrupts per core, each at any moment
  unsigned page_size = 16384;
  bool guest = false;              ///< it runs in a virtual machine
  unsigned general_registers = 0;  ///< that a context switch preserves, X0 first; 0: as many as are used
  std::optional<unsigned> vector_registers;  ///< the same of V0 on; not given: as many as are used
  std::vector<Process> processes;  ///< those that need more than a name
  std::vector<KernelThread> threads;
};

enum class How : u8 { Explore, Random, Timed };

struct RunSection {
  How how = How::Explore;
  std::vector<u64> seeds{1};  ///< Random, Timed: one batch each
  u64 runs = 1000;            ///< Random: schedules per seed
  unsigned pct_depth = 0;  ///< Random: 0 uniform, otherwise probabilistic concurrency testing of this depth
  u64 max_states = 10'000'000;  ///< Explore; 0: no limit
  double timeout_seconds = 60;  ///< 0: no limit
  std::string timing;           ///< Timed: a timing model by name or file; empty: the platform as it is
  u32 timing_line = 0, timing_column = 0;
};

/// Where one thread starts in one variant.
struct VariantStart {
  unsigned thread = 0;  ///< index into Scenario::threads
  std::string label;
  u32 line = 0, column = 0;  ///< of the label
  u64 entry = 0;             ///< its address
};

/// One machine (and kernel) the scenario is to be judged on, and where its threads start there.
struct Variant {
  std::string name;  ///< empty if the scenario has only one
  model::MachineConfig machine;
  KernelSection kernel;
  RunSection run;
  std::vector<VariantStart> starts;  ///< threads not listed start at Thread::entry

  /// Address of the first instruction of thread `index`, which is `t`.
  u64 entry(std::size_t index, const Thread& t) const;
};

/// What is looked at when a run has ended.
struct Observed {
  enum class Kind : u8 { Register, Memory, Fault, FaultAddress, Waiting, Flag } kind = Kind::Register;
  unsigned thread = 0;            ///< all but Memory and Flag: index into Scenario::threads
  isa::Reg reg = isa::Reg::None;  ///< Register
  u64 address = 0;                ///< Memory; Flag: its bit (model/state/flags.h)
  u8 size = 8;                    ///< Memory, Register: bytes
  std::string label;              ///< as written by the user: "P1.X0", "x", "buf[2]", "fault(P0)"
  bool of_thread() const { return kind != Kind::Memory && kind != Kind::Flag; }
};

struct Expectation {
  enum class Kind : u8 { Never, Sometimes, Always, States } kind = Kind::Never;
  ConditionText source;
  Condition condition;  ///< all but States
  std::vector<ConditionText> state_texts;
  std::vector<Condition> states;         ///< States: every final state shows exactly one of these
  std::vector<unsigned> state_observed;  ///< States: what each of them names, in the order of the first
  std::string why;
  std::vector<unsigned> variants;  ///< those it speaks of; empty: all
  bool applies_to(unsigned variant) const;
};

/// A fault put in on purpose that the expectations must notice (isobar mutate).
struct Mutation {
  std::string name;                  ///< of the knob, or of what is wrong in the program
  std::optional<kernel::Knob> knob;  ///< added to the kernel of variant `on`
  unsigned on = 0;                   ///< variant without the fault, which its expectations judge
  std::optional<unsigned> by;        ///< without a knob: the variant that has the fault in its program
  std::string masked;                ///< why the fault cannot be seen here; empty: it must be seen
};

struct Scenario {
  std::string file;
  std::string name;
  std::string description;
  std::vector<MemoryLocation> memory;
  std::vector<Thread> threads;
  std::vector<Variant> variants;  ///< at least one
  std::vector<Observed> observed;
  std::vector<Expectation> expectations;
  std::vector<Mutation> mutations;

  const MemoryLocation* find_memory(std::string_view location) const;
  /// Index into threads, or -1.
  int find_thread(std::string_view thread) const;
  /// Index of `o` in observed, added if it is not there (labels do not count).
  unsigned observe(const Observed& o);
};

/// Index of a thread's fault, and in `address` that of the address it is at; of whether it waits for ever.
unsigned observe_fault(Scenario& s, unsigned thread, unsigned& address);
unsigned observe_waiting(Scenario& s, unsigned thread);

std::string_view name(Expectation::Kind k);
std::string_view name(How h);

}  // namespace isobar::scenarios

// Parameters of a machine: immutable during a run. Owns their defaults and validity; must not know state or rules.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "isa/concurrent_modification.h"
#include "isa/register.h"
#include "support/types.h"

namespace isobar::model {

class MemoryMap;

/// How a core offers the total-store-order mode (design.md decision 2).
enum class TsoSupport : u8 {
  None,          ///< weak only; AIDR_EL1[9] = 0, ACTLR_EL1.TSO is RES0
  Actlr,         ///< ACTLR_EL1[1] switches, AIDR_EL1[9] = 1 (Apple silicon)
  ActlrReadOnly, ///< AIDR_EL1[9] = 1 but writes to ACTLR_EL1.TSO are ignored (some virtual machines)
  Fixed,         ///< always TSO, no bit (Nvidia Denver and Carmel, Fujitsu A64FX)
};

/// Which reading of "TSO" a TSO core has (operational-model.md section 3).
enum class TsoFlavour : u8 {
  T1,  ///< loads wait for older loads, stores for all older accesses
  T2,  ///< T1, and every store counts as a store-release before a load-acquire (LDAR)
  T3,  ///< T1, and every successful LSE operation is a full barrier
};

/// What happens when a guess turns out wrong or an order is violated.
enum class Speculation : u8 {
  Prune,   ///< the path is dead: every right guess is explored elsewhere (search)
  Squash,  ///< younger micro-ops are discarded and fetched again (timed, manual)
};

/// What a tag check that fails does (FEAT_MTE3); values as in SCTLR_EL1.TCF.
enum class TagChecks : u8 {
  Off = 0,           ///< nothing: accesses are not checked
  Synchronous = 1,   ///< an exception before the access
  Asynchronous = 2,  ///< TFSR is set, the access happens
  Asymmetric = 3,    ///< synchronous for loads, asynchronous for stores and atomics
};

struct CoreConfig {
  TsoSupport tso = TsoSupport::Actlr;
  bool tso_at_reset = false;  ///< ACTLR_EL1.TSO after reset (firmware policy); ignored unless tso == Actlr
  bool access_flag_updates = false;  ///< TCR_EL1.HA: a translation sets the access flag of its descriptor (FEAT_HAFDBS)
  bool dirty_updates = false;        ///< TCR_EL1.HD, with HA: a store makes a descriptor with DBM writable
  u64 midr = 0x610f0000;      ///< MIDR_EL1; implementer 0x61 by default
  TagChecks tag_checks = TagChecks::Off;  ///< SCTLR_EL1.TCF0 and TCF after reset; Off unless MachineConfig::tagging
  bool tag_store_only = false;            ///< SCTLR_EL1.TCSO0 and TCSO after reset: loads are not checked
};

/// Everything that makes one machine differ from another.
struct MachineConfig {
  unsigned cores = 2;  ///< 1 to kMaxCores
  std::array<CoreConfig, kMaxCores> core{};
  TsoFlavour flavour = TsoFlavour::T1;
  unsigned window = 64;      ///< micro-ops in flight per core, 16 to 64: reorder window and store buffer together
  unsigned max_guesses = 64; ///< unresolved guesses (branches, picks, exclusives) in flight per core, 1 to 64
  unsigned max_iterations = 3; ///< backward branches taken in flight per core, 1 to 64: how far a spin loop runs ahead
  bool dic = false;          ///< CTR_EL0.DIC: fetches see every propagated store
  bool idc = false;          ///< CTR_EL0.IDC: no DC needed for instruction coherence; dic implies idc
  unsigned line_bytes = 64;  ///< cache line for DC, IC and the timed caches: 4 to 2048, a power of two
  bool eis = true;           ///< exception entry is a context synchronisation event (FEAT_ExS EIS)
  bool eos = true;           ///< exception return is a context synchronisation event (FEAT_ExS EOS)
  bool uci = true;           ///< SCTLR_EL1.UCI: DC and IC by address at EL0; false: they are trapped to EL1
  bool ets2 = false;         ///< FEAT_ETS2: translations are ordered after DSB, and faulting ones after older accesses
  bool force_broadcast = false; ///< HCR_EL2.FB: IC IALLU acts on every core, as the reference model has it
  isa::CmodxList cmodx = isa::CmodxList::Current; ///< what may be modified while another core executes it
  bool tagging = false;      ///< FEAT_MTE3: memory has allocation tags, pointers ignore their top byte
  bool checked_handlers = false; ///< exception entry leaves PSTATE.TCO as it is, as the reference model has it
  unsigned timer_ticks = 0;  ///< timer interrupts per core that search may deliver at any time
  Speculation speculation = Speculation::Prune;
  u64 counter_frequency = 1'000'000'000;  ///< CNTFRQ_EL0, Hz; one tick is one unit of model time

  /// Human-readable reason why the parameters do not make sense together; empty if they do.
  std::string invalid() const;
};

/// What EL0 or EL1 may do with a region of memory.
enum Permission : u8 { kReadEl0 = 1, kWriteEl0 = 2, kExecEl0 = 4, kReadEl1 = 8, kWriteEl1 = 16, kExecEl1 = 32 };

/// A range of physical addresses with one set of permissions. An access outside every region is
/// a translation fault, one without permission a permission fault.
struct Region {
  u64 base = 0;
  u64 size = 0;       ///< bytes
  u8 permissions = 0; ///< mask of Permission
  i32 asid = -1;      ///< visible only while TTBR0_EL1[63:48] is this; -1: always
  std::string name;
};

/// Size of a page with a descriptor.
inline constexpr u64 kPageBytes = 4096;

/// A page whose translation is read from memory whenever it is used. Addresses in none are translated by identity.
struct Page {
  u64 base = 0;        ///< virtual address, a multiple of kPageBytes
  u64 descriptor = 0;  ///< address of its 8-byte descriptor, which itself is translated by identity
};

/// A location that exists only as whole elements: a path on which an access through a page takes a part of one, or more,
/// is no execution. Litmus tests without mixed sizes have such locations (docs/litmus.md).
struct WholeElements {
  u64 base = 0;
  u64 size = 0;     ///< bytes
  u8 element = 0;   ///< bytes
};

/// Initial bytes of memory; everything else in a region reads as zero.
struct Segment {
  u64 base = 0;
  std::vector<u8> bytes;
};

/// Faults of one core that are remembered; more of them are MachineState::bound.
inline constexpr unsigned kMaxTakenFaults = 4;

/// What a synchronous exception does that nobody takes.
enum class UntakenException : u8 {
  Stops,   ///< the core stops for good
  Skips,   ///< the core goes on after the instruction
  Retries, ///< the core executes the instruction once more; if that raises an exception too, the path is dead
};

/// State of a core when it starts.
struct ResetState {
  u64 pc = 0;
  u8 el = 0;                                       ///< 0 or 1
  u8 daif = 0;                                     ///< PSTATE.DAIF, 8/4/2/1
  bool sp_sel = false;                             ///< PSTATE.SP (SPSel): at EL1, use SP_EL1
  std::vector<std::pair<isa::Reg, Value>> registers;  ///< others are zero
  bool running = true;                             ///< false: the core never starts
  bool stops_on_exception = false;                 ///< even if Program::has_kernel
  UntakenException untaken = UntakenException::Stops;  ///< without a kernel, or if stops_on_exception
};

/// What the cores run: memory, permissions, reset states. Immutable during a run.
struct Program {
  std::vector<Region> regions;   ///< disjoint per ASID, sorted by base
  std::vector<Page> pages;       ///< sorted by base, at most 255
  std::vector<WholeElements> whole; ///< disjoint
  std::vector<Segment> segments; ///< disjoint, sorted by base
  std::vector<ResetState> reset; ///< one per core
  std::vector<u64> stop;         ///< a core that is about to fetch one of these addresses stops for good
  std::vector<u64> indirect_targets;  ///< addresses that an unresolved BR/BLR/RET may be guessed to reach
  bool remember_faults = false;  ///< cores keep the synchronous exceptions they took (Core::taken)
  MemoryMap* map = nullptr;      ///< owns the addresses below its limit; outlives the machine; timed runs only
  u64 start_time = 0;            ///< model time at which the cores start, ticks
  bool has_kernel = false;       ///< exceptions go to VBAR_EL1; otherwise a core that takes one stops with a fault
};

}  // namespace isobar::model

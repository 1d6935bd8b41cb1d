// Tag checks (FEAT_MTE): which instructions are checked, how, and what a mismatch does.
//
// A checked instruction has one more micro-op, its first: the implicit read of the tags of all granules that the
// instruction accesses. It is a read like any other (guards.h), but no explicit one: it takes no part in coherence of
// reads and in the rows of a TSO core. Must not know: drivers.
#pragma once

#include <optional>

#include "model/state/machine_state.h"

namespace isobar::model {

/// Most granules that one instruction accesses: LD4 of whole registers, from any address.
inline constexpr unsigned kMaxCheckedGranules = 5;

/// Are accesses under `ctx` checked?
inline bool checks_tags(const Context& ctx) {
  return (ctx.tags & Context::kTagMode) != 0 && (ctx.tags & Context::kTagOverride) == 0;
}

/// The check that `instruction` makes under `ctx` (checks_tags() holds); nullptr if it accesses nothing, or only without
/// a check (Arm ARM D10.5.1). The micro-ops for 1 to kMaxCheckedGranules granules follow each other in memory and stay
/// valid for the life of the process; Uop::op is the number of bytes accessed.
const isa::Uop* tag_check(const isa::Instruction& instruction, const Context& ctx);

inline bool is_tag_check(const Entry& e) { return e.uop->mem.tag >= isa::TagAccess::CheckRead; }
/// A check whose mismatch is a synchronous exception, so that the access happens only if the tags match.
inline bool is_precise_check(const Entry& e) {
  if (!is_tag_check(e)) return false;
  const u8 mode = e.context.tags & Context::kTagMode;
  return mode == static_cast<u8>(TagChecks::Synchronous) ||
         (mode == static_cast<u8>(TagChecks::Asymmetric) && e.uop->mem.tag == isa::TagAccess::CheckRead);
}
/// A precise check that has not passed yet.
inline bool is_open_check(const Entry& e) { return is_precise_check(e) && !(e.fired && e.known && !e.faulting); }

/// FEAT_MTE arithmetic. Instructions of FEAT_MTE begin with it, or with a read of a tag.
bool is_tag_operation(const Entry& e);

/// Gives the access to tags at slot `i`, whose data address is known, the address of the tags. Permissions (`need`) are
/// those of the data; an access that is not permitted faults without a check.
///
/// In a page with a descriptor, an explicit access to tags is translated as any other, and a check waits for the translation
/// of the access that it checks.
void place_tag_access(const Program& program, MachineState& s, unsigned core, unsigned i, u8 need);

/// The access at slot `i` has been translated to memory with tags: its check, if any, is about those of the same page.
void place_translated_check(Core& c, unsigned i);
/// The access at slot `i` has no check after all: it faults, or its memory has no tags.
void drop_translated_check(Core& c, unsigned i);

/// Decides check `i`, which has read its tags: a mismatch makes the entry faulting if it is precise, else Entry::choice
/// remembers it. False if that hangs on a CAS which is not decided.
bool settle_check(Core& c, unsigned i);

/// Context::tags after a context synchronisation event that leaves the core at `el`. Keeps PSTATE.TCO of `old`.
u8 tags_after_synchronisation(const MachineConfig& config, const Core& c, u8 el, u8 old);

/// SCTLR_EL1 at reset: the tag checks of `config` for EL0 and EL1.
u64 initial_sctlr(const MachineConfig& config, const CoreConfig& core);

/// TFSRE0_EL1 or TFSR_EL1, where a mismatch under `ctx` is recorded.
isa::Reg tag_fault_status(const Context& ctx);

/// Bit TF0 of the mismatches in flight, older than slot `end`, that `status` will hold. Nullopt while a check whose
/// result `status` holds is outstanding.
std::optional<u64> mismatches_in_flight(const Core& c, isa::Reg status, unsigned end);

}  // namespace isobar::model

// Address translation through descriptors in memory: what a descriptor permits, which version of it a translation may
// use, and what a TLB invalidation has to wait for.
//
// One level of 4 KiB pages; a page's descriptor is an 8-byte location that programs read and write like any other. A
// TLB is not a table of entries but a bound: a translation may use any version of a descriptor since the last
// invalidation that reached the core, because any of them may have been cached (Arm ARM D8.16). A translation that
// ends in a Translation or an Access flag fault is never cached: it reads the newest version. Must not know: who
// asks for the translation. Rows TR1 to TR4 are those of docs/semantics.md.
#pragma once

#include "model/state/machine_state.h"
#include "model/thread/exceptions.h"

namespace isobar::model {

/// AttrIndx of memory with allocation tags; 0 is normal memory without.
inline constexpr u64 kTaggedNormal = 1;

/// A stage 1 page descriptor (Arm ARM D8.3.1, level 3).
struct Descriptor {
  u64 bits = 0;
  bool valid() const { return (bits & 1) != 0; }
  bool accessed() const { return (bits >> 10 & 1) != 0; }  ///< AF
  bool read_only() const { return (bits >> 7 & 1) != 0; }  ///< AP[2]
  bool el0() const { return (bits >> 6 & 1) != 0; }        ///< AP[1]
  bool tagged() const { return (bits >> 2 & 7) == kTaggedNormal; }  ///< AttrIndx, as if MAIR_EL1 said so
  bool dirty_by_hardware() const { return (bits >> 51 & 1) != 0; }  ///< DBM
  u64 page() const { return bits & 0x0000'ffff'ffff'f000; }
};

/// The fault status code (ESR_EL1.ISS[5:0]) of an access through `d`, 0 if it is permitted.
u64 descriptor_fault(Descriptor d, unsigned el, bool write);
/// `d` as the translation table walk of a core with `config` leaves it in memory, for a store if `write` (TR5).
Descriptor updated_descriptor(const CoreConfig& config, Descriptor d, bool write);
/// Does the translation end in a fault whose descriptor no TLB holds?
bool is_uncacheable(u64 fault);

/// Index into Program::pages of the page with address `addr`, plus 1; 0 if `addr` is translated by identity.
u8 page_of(const Program& program, u64 addr);

/// Is the address of `e` one that its kind of access may not have (alignment fault)?
bool is_misaligned(const Entry& e);
/// Is the access `e` of EL0 relative to an SP of `base` that is no multiple of 16, and must it be one (SCTLR_EL1.SA0)?
bool is_stack_misaligned(const Core& c, const Entry& e, u64 base);
/// Where the bytes that `e` is about are, and whether their region may be used as `need` says.
Place place_of(const Program& program, const Core& c, const Entry& e, u8 need);
/// Marks `e` as faulting with that status code.
void raise_fault(Entry& e, u64 status);

/// True if the address of `e` is in a page, whose descriptor has to be read first.
bool begin_translation(const Program& program, MachineState& s, Entry& e);
inline bool awaits_translation(const Entry& e) {
  return e.translation == Translation::Pending || e.translation == Translation::Shared;
}
/// The descriptor of slot `i` has been read (it is in Entry::value2.hi): a physical address, or a fault, which keeps the
/// virtual address for FAR_EL1.
void finish_translation(const Program& program, MachineState& s, unsigned core, unsigned i, u8 need);

/// One translation serves the read and the write of an atomic. The read asks for it.
bool asks_for_translation(const Core& c, unsigned i);
/// The access at slot `i` has read `descriptor`; so have those it asked for.
void set_translation(Core& c, unsigned i, Descriptor descriptor, Translation how);
/// Does the translation of slot `i` need permission to write? The read of a CAS does not: its write may not happen.
bool translates_for_store(const Core& c, unsigned i);

/// The versions that the pending translation at slot `i` may use now: bit n of the mask is version first + n.
/// G1, and under FEAT_ETS2 what DSB and the fault itself wait for.
struct Translations {
  u16 first = 0;
  u64 mask = 0;
};
/// A walk that updates the descriptor is atomic: it reads the newest version.
Translations translations(const MachineConfig& config, const Program& program, const Image& image,
                          const MachineState& s, unsigned core, unsigned i);

/// TR2: marks the translations of every core that a TLBI of `core` finds out of date. `page` as page_of(), 0 for all;
/// `local`: only this core's TLB is invalidated.
void mark_stale(MachineState& s, unsigned core, unsigned page, bool local);

/// TR3: a write to the descriptor of `page` has landed; translations that used an older version are out of date.
void mark_outdated(MachineState& s, unsigned page);

/// TR4: has every access of other cores happened whose translation a TLBI of `core` found out of date? A DSB of `core`
/// waits for that.
bool stale_accesses_done(const MachineState& s, unsigned core);

/// May the MMU fault at slot `i`, already turned into an exception, count as having happened? It is ordered like an
/// access by barriers and acquires (rows G7, G8, G11 to G14).
bool fault_may_happen(const Core& c, unsigned i);

}  // namespace isobar::model

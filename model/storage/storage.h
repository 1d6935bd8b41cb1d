// The storage subsystem as plain data: flat multi-copy-atomic memory, the incoherent instruction side, interrupts.
//
// Owns: bytes, versions of modified code, pending interrupts, and the functions that act on them. Both fabrics call
// exactly these functions. Must not know: cores' windows, SystemC. Invariant: `memory` and `code` sorted by address.
#pragma once

#include <memory>
#include <vector>

#include "model/state/config.h"
#include "support/hash.h"
#include "support/types.h"

namespace isobar::model {

/// Versions of one instruction word that are kept (Transition::choice is a byte).
inline constexpr unsigned kMaxVersions = 256;

/// The PPI of the EL1 virtual timer.
inline constexpr unsigned kVirtualTimerIntid = 27;

/// 16 aligned bytes that differ (or may differ) from the initial image.
struct Granule {
  u64 addr = 0;
  Value data;
};

/// The coherence history of one aligned instruction word that has been written since start-up.
/// Index 0 of `values` is the oldest version that some core may still fetch; the last is what memory holds.
struct CodeWord {
  u64 addr = 0;
  u16 cleaned = 0;                      ///< index of the version at the point of unification
  bool restricted = false;              ///< a version is outside the list of MachineConfig::cmodx
  std::array<u16, kMaxCores> floor{};   ///< per core, the oldest version it may fetch
  /// Per core, the newest version whose write is ordered before what the core fetches next, before what its next
  /// context synchronisation event orders, before its last access to memory or maintenance. Kept if `restricted`.
  std::array<u16, kMaxCores> ordered{}, waited{}, performed{};
  std::vector<u32> values;
};

/// The coherence history of a descriptor that has been written since start-up; as CodeWord.
struct TableEntry {
  u64 addr = 0;
  std::array<u16, kMaxCores> floor{};  ///< per core, the oldest version that its TLB may hold
  std::vector<u64> values;
};

/// The interrupt controller: 16 SGIs and the virtual timer PPI (INTID 27) per core.
struct Interrupts {
  std::array<u32, kMaxCores> pending{};  ///< bit n: INTID n is pending
  std::array<u32, kMaxCores> active{};
  std::array<u8, kMaxCores> ticks{};     ///< timer interrupts still available to search
};

/// Shared part of the machine state.
struct Storage {
  std::vector<Granule> memory;
  std::vector<CodeWord> code;
  std::vector<TableEntry> tables;  ///< sorted by address
  Interrupts irq;
  u64 time = 0;  ///< model time in ticks; stays 0 in search
  u64 memory_hash_a = 0, memory_hash_b = 0;  ///< order-independent hash of memory, kept up to date by every write
  u64 first_word_written = 0;          ///< for flags(): the first instruction word that was written; not hashed
  bool several_words_written = false;  ///< a second one was written; not hashed
  bool versions_dropped = false;  ///< a word had more than kMaxVersions fetchable versions: the oldest was forgotten
};

enum class AccessKind : u8 {
  Read, Write, Fetch, CleanData, InvalidateLine, InvalidateAllLocal, InvalidateAll, ReadDescriptor,
  InvalidateTlb, SendSgi, Acknowledge,
  EndOfInterrupt, TimerInterrupt
};

/// One atomic action on the storage subsystem: what travels through a fabric.
struct Access {
  AccessKind kind = AccessKind::Read;
  u8 core = 0;       ///< initiator
  u8 size = 0;       ///< bytes, 1 to 16; does not cross a 16-byte boundary; 4 for Fetch
  u16 version = 0;   ///< Fetch, ReadDescriptor: index into the history, 0 if it was never modified
  bool local = false; ///< InvalidateTlb: of the initiator only
  u64 addr = 0;      ///< address; InvalidateTlb: of a descriptor, 0 for all; SendSgi: the value written to ICC_SGI1R_EL1; Acknowledge/EOI: INTID
  Value data;        ///< in for Write, out for Read, Fetch, ReadDescriptor and Acknowledge
  bool acquire = false, release = false, exclusive = false, atomic = false;  ///< for who looks on: ordering is not here
  bool ok = true;    ///< out: false if nothing answers at the address
};

/// Initial contents of memory, shared by all states of a run.
class Image {
 public:
  explicit Image(const Program& program);
  u8 byte(u64 addr) const;
  /// The aligned 16 bytes around `addr`.
  Value granule(u64 addr) const;
  /// Who owns `addr`, if that is not the image; nullptr else.
  MemoryMap* owner(u64 addr) const { return addr < map_limit_ ? map_ : nullptr; }

 private:
  std::vector<Segment> segments_;
  MemoryMap* map_;
  u64 map_limit_;
};

/// Performs `a` on `s`. The single implementation of what a storage action does.
void perform(Storage& s, const Image& image, const MachineConfig& config, const Program& program, Access& a);

/// Bytes as memory holds them now, size 1 to 16, any alignment.
Value read_memory(const Storage& s, const Image& image, u64 addr, unsigned size);
/// Changes bytes from outside the machine (loader, debugger, host service): size 1 to 16, any alignment. The words
/// touched lose their history, as after complete cache maintenance.
void write_memory(Storage& s, const Image& image, u64 addr, unsigned size, const Value& value);
/// The history of the word at the aligned address `addr`; nullptr if it is as nobody ever wrote it.
const CodeWord* find_code(const Storage& s, u64 addr);
/// The INTIDs that the interrupt controller signals to `core`: mask. All interrupts have one priority, so nothing is
/// signalled between acknowledge and end of interrupt (GICv3, IHI 0069, 4.8.6 "priority drop").
u32 signalled(const Interrupts& irq, unsigned core);
/// How many versions of the word at `addr` core `core` may fetch now, and the first of them: [first, first + count).
struct FetchRange {
  u16 first = 0;
  u16 count = 1;
};
FetchRange fetchable(const Storage& s, const MachineConfig& config, u64 addr, unsigned core);

/// The history of the descriptor at `addr`; nullptr if nobody ever wrote it.
const TableEntry* find_table(const Storage& s, u64 addr);
/// The versions of the descriptor at `addr` that core `core` may use, as FetchRange.
FetchRange usable_descriptors(const Storage& s, u64 addr, unsigned core);
/// `core` has satisfied a read, which its next context synchronisation event may wait for.
void note_read(Storage& s, unsigned core);
/// `core` has completed a DSB that its stores, DC and IC have waited for.
void note_dsb(Storage& s, unsigned core);
/// `core` has completed a context synchronisation event: the writes before what that has waited for are ordered before
/// its next fetches; an interrupt is after all writes so far.
void order_before_fetches(Storage& s, unsigned core, bool interrupt = false);
/// Would fetching version `version` of the word at `addr` by `core` be an unordered conflict with a newer write, in
/// the sense of kFlagCmodx (model/state/flags.h)?
bool fetch_conflicts(const Storage& s, const MachineConfig& config, u64 addr, unsigned version, unsigned core);

void hash(const Storage& s, Hasher& h, unsigned cores);

}  // namespace isobar::model

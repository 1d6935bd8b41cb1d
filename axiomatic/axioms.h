// The axioms of the Arm memory model for normal, cacheable memory, one by one, with the names of the reference's cat
// files (aarch64.cat and its parts) and the additions for TSO cores.
//
// Owns: which edges each clause gives and what must be acyclic or empty. Must not know: the model, how cycles are
// found, how findings are worded.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <vector>

#include "axiomatic/dependencies.h"
#include "axiomatic/relations.h"

namespace isobar::axiomatic {

/// Every clause that can order two events. Columns: name, group in the cat files, the clause in cat notation, how it
/// is said in a sentence ("A ... B").
#define ISOBAR_CLAUSES(X)                                                                                             \
  X(None, "", "", "")                                                                                                 \
  X(Rfe, "obs", "rf & ext", "is read by")                                                                             \
  X(Coe, "obs", "co & ext", "is overwritten by")                                                                      \
  X(Fre, "obs", "fr & ext", "reads the location before")                                                              \
  X(ExpHaz, "haz-ob", "[Exp & R]; (po & same-loc); [Exp & R]; (ca & ext); [Exp & W]",                                 \
    "must not read a newer value than a younger load of the same location, which reads before")                       \
  X(Lmws, "lob", "[M]; (po & same-loc); [W]", "is to the same location and older than")                               \
  X(Addr, "dob", "addr", "feeds the address of")                                                                      \
  X(Data, "dob", "data", "feeds the data of")                                                                         \
  X(Ctrl, "dob", "ctrl; [W]", "decides a branch before the store")                                                    \
  X(AddrPo, "dob", "addr; [Exp & M]; po; [W]", "feeds the address of an access before the store")                     \
  X(AddrLmrs, "dob", "addr; [Exp]; lmrs", "feeds the address of a store that is forwarded to")                        \
  X(DataLmrs, "dob", "data; [Exp]; lmrs", "feeds the data of a store that is forwarded to")                           \
  X(PickAddr, "pob", "pick-addr-dep; [W]", "picks what feeds the address of")                                         \
  X(PickData, "pob", "pick-data-dep", "picks what feeds the data of")                                                 \
  X(PickBasic, "pob", "pick-basic-dep; [W]", "picks whether there is")                                                \
  X(PickCtrl, "pob", "pick-ctrl-dep; [W]", "picks what decides a branch before the store")                            \
  X(PickAddrPo, "pob", "pick-addr-dep; [Exp & M]; po; [W]", "picks what feeds the address of an access before")       \
  X(PickLmrs, "pob", "pick-dep through lmrs", "picks a store that is forwarded to")                                   \
  X(PickLob, "pick-lob", "pick-basic-dep; lob; [W]", "and through what is locally ordered after that pick")           \
  X(Rmw, "aob", "rmw", "is the read of the same atomic operation as")                                                 \
  X(RmwLmrs, "aob", "rmw; lmrs; [A | Q]", "belongs to the atomic operation whose store is forwarded to the acquire")  \
  X(AmoData, "dob", "[R]; iico_data; [W]; lmrs; [R]", "feeds the stored value that is forwarded to a load feeding")    \
  X(DmbFull, "bob", "po; [dmb.full]; po", "is separated by DMB SY from")                                              \
  X(DmbLd, "bob", "[R \\ NoRet]; po; [dmb.ld]; po", "is separated by DMB LD from")                                    \
  X(DmbSt, "bob", "[W]; po; [dmb.st]; po; [W]", "is separated by DMB ST from")                                        \
  X(AmoAcquireRelease, "bob", "[range([A]; amo; [L])]; po", "is an acquire-release atomic operation before")          \
  X(ReleaseAcquire, "bob", "[L]; po; [A]", "is a store-release before the load-acquire")                              \
  X(Acquire, "bob", "[A | Q]; po", "is a load-acquire before")                                                        \
  X(Release, "bob", "po; [L]", "is before the store-release")                                                         \
  X(DsbFull, "DSB-ob", "[M | DC | IC]; po; [dsb.full]; po", "is separated by DSB SY from")                            \
  X(DsbLd, "DSB-ob", "[R \\ NoRet]; po; [dsb.ld]; po", "is separated by DSB LD from")                                 \
  X(DsbSt, "DSB-ob", "[W]; po; [dsb.st]; po", "is separated by DSB ST from")                                          \
  X(Cse, "IFB-ob", "(ctrl | addr; po | pick-dep | DSB-ob); [IFB]; po", "and by a context synchronisation event from")     \
  X(TsoLoad, "tso-ob", "[R & TSO]; po; [M & TSO]", "is a load of a TSO core before")                                  \
  X(TsoStore, "tso-ob", "[M & TSO]; po; [W & TSO]", "is older than, on a TSO core, the store")                        \
  X(TsoReleaseAcquire, "tso-ob T2", "[W & TSO]; po; [A & TSO]", "is a store of a TSO core (T2) before the load-acquire") \
  X(TsoAtomic, "tso-ob T3", "[W & TSO]; po; [R & TSO], one of an atomic",                                              \
    "is kept apart by an atomic operation of a TSO core (T3) from")                                                   \
  X(Irf, "Instr-obs", "rf; [F]", "is fetched by")                                                                     \
  X(Ifr, "Instr-obs", "[F]; ca; [W], DIC", "fetches the location before")                                             \
  X(DcAfter, "Instr-obs", "[DC]; DC-after; [W] | [W]; DC-after; [DC]", "can only come before")                        \
  X(IcAfter, "Instr-obs", "[IC]; IC-after; [F] | [F]; IC-after; [IC]", "is then before")                              \
  X(IcCaClean, "IC-ca", "[IC]; IC-after; [F]; ca; [W]; DC-after; [DC], IDC = 0",                                      \
    "comes before a fetch that does not see a store cleaned by")                                                      \
  X(IcCaStore, "IC-ca", "[IC]; IC-after; [F]; ca; [W], IDC", "comes before a fetch that does not see")                \
  X(IcOb, "IC-ob", "[F]; po; [F]; IC-after; [IC]; (DSB-ob | IFB-ob)",                                                 \
    "is older than a fetch that comes before an IC, which is completed by a DSB before")                              \
  X(IcObCoherent, "IC-ob", "[F]; po; [F]; ca; [W], DIC", "is older than a fetch that does not see")                   \
  X(Fib, "f-ib", "[F]; iico_data; [B]; iico_ctrl; [_]", "is the fetch of")                                            \
  X(Fob, "f-ob", "[F]; po; [~F]", "is fetched before")                                                                \
  X(DcDmb, "DC-ob", "[M | DC]; po; [dmb.full]; po; [DC] | [DC]; po; [dmb.full]; po; [M]",                             \
    "is separated by DMB SY from")                                                                                    \
  X(PoSclClean, "po-scl-ob", "[M | DC]; (po & scl); [DC]", "is older than, and in the cache line of,")                \
  X(PoSclAccess, "po-scl-ob", "[DC]; (po & scl); [M]", "cleans the cache line of the younger")

enum class Clause : u16 {
#define X(id, group, cat, sentence) id,
  ISOBAR_CLAUSES(X)
#undef X
};
inline constexpr unsigned kClauses = static_cast<unsigned>(Clause::PoSclAccess) + 1;

struct ClauseText {
  const char* name;      ///< identifier, "DmbFull"
  const char* group;     ///< "bob"
  const char* cat;       ///< "po; [dmb.full]; po"
  const char* sentence;  ///< "is separated by DMB SY from"
};
const ClauseText& text(Clause c);

/// What the axioms internal and atomic ask, one by one.
enum class Check : u8 {
  ReadsOlder,      ///< internal: no load takes from a younger store of its core
  StoresInOrder,   ///< internal: no store is overwritten by an older store of its core
  ReadsNewest,     ///< internal: no load takes from before an older store of its core
  NoForeignWrite,  ///< atomic: no write of another core between the load and the store
  OwnStoreLifts,   ///< atomic: an own store in between makes the previous check hold
};
inline constexpr unsigned kChecks = static_cast<unsigned>(Check::OwnStoreLifts) + 1;

/// Parts of the axioms that are left out, to see what hangs on them. Empty: the model as it is.
struct Omitted {
  std::bitset<kClauses> clauses;
  std::bitset<kChecks> checks;
  bool has(Clause c) const { return clauses[static_cast<unsigned>(c)]; }
  bool has(Check c) const { return checks[static_cast<unsigned>(c)]; }
};

/// Readings of "TSO" (operational-model.md 3).
enum class TsoFlavour : u8 {
  T1,  ///< tso-ob only
  T2,  ///< and a store counts as a store-release before a load-acquire
  T3,  ///< and an LSE operation orders stores before it and loads after it
};

/// What the axioms ask of the caches.
struct CacheType {
  bool dic = false;          ///< CTR_EL0.DIC: instruction caches are coherent; then IDC is taken as set, too
  bool idc = false;          ///< CTR_EL0.IDC: stores need no DC to be seen by instruction caches
  unsigned line_bytes = 64;  ///< what a DC or IC by address acts on, a power of two
  bool broadcast_iallu = false;  ///< IC IALLU acts on every core (HCR_EL2.FB)

  /// Does a store reach what instruction caches are filled from by itself?
  bool clean_by_store() const { return dic || idc; }
  u64 line(u64 addr) const { return addr & ~u64{line_bytes - 1}; }
};

/// Does `ic` act on the instruction cache from which `f` is fetched, for its line?
bool acts_on(const Event& ic, const Event& f, const CacheType& caches);

/// What an implementation of the architecture may choose.
struct Implementation {
  TsoFlavour flavour = TsoFlavour::T1;
  CacheType caches;
};

/// What must not be: an axiom with the events that break it.
enum class Axiom : u8 {
  None,        ///< consistent
  WellFormed,  ///< the execution is not one
  Values,      ///< a read returns what its source did not write, or a register is not what was computed
  Internal,    ///< internal visibility: per location, one core sees its own accesses in program order
  Atomic,      ///< no write of another core between the read and the write of an atomic operation
  External,    ///< external visibility: ordered-before is acyclic
  Explained,   ///< some reads have no known source and no choice of sources satisfies the other axioms
};
std::string_view name(Axiom a);

/// One step of a violation: `from` relation `to`.
struct Link {
  EventId from = kNoEvent;
  std::vector<Clause> clauses;  ///< External: what orders them, in order (more than one for composed clauses)
  std::string relation;         ///< the same as text: "po-loc", "rf", "co", "fr", "bob", ...
  EventId to = kNoEvent;
};

struct Violation {
  Axiom axiom = Axiom::None;
  std::vector<Link> cycle;
  bool undecided = false;  ///< External: no cycle, but the search for IC-after and DC-after was given up
};

std::optional<Violation> check_internal(const Program& p, const Relations& r, const Omitted& omitted = {});
std::optional<Violation> check_atomic(const Program& p, const Relations& r, const Omitted& omitted = {});
std::optional<Violation> check_external(const Program& p, const Relations& r, const Implementation& implementation,
                                        const Omitted& omitted = {});

}  // namespace isobar::axiomatic

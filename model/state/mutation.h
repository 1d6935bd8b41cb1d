// The rules of the transition system, by name, so that a test can break them one at a time.
//
// Every place that enforces a rule asks holds(). That is constantly true, and costs nothing, unless the sources are
// compiled with ISOBAR_MUTATION, as the library of the mutation test is (tests/mutation). Must not know: what a rule
// does; the rows are those of docs/semantics.md.
#pragma once

#include <bitset>

#include "support/types.h"

namespace isobar::model {

/// Columns: name, row or section of docs/semantics.md, the rule in words.
#define ISOBAR_RULES(X)                                                                               \
  X(G1Read, "G1", "a load knows its address")                                                         \
  X(G1Write, "G1", "a store knows its address")                                                       \
  X(G1Maintain, "G1", "DC and IC know their address")                                                 \
  X(G2, "G2", "a store knows its data")                                                               \
  X(G3Write, "G3", "a store waits for older branches")                                                \
  X(G3Maintain, "G3", "DC and IC wait for older branches")                                            \
  X(G4Known, "G4", "a store waits for the addresses of older accesses")                               \
  X(G4Permitted, "G4", "no store passes an older access that faults")                                 \
  X(G5Own, "G5", "the guesses that a store hangs on are resolved")                                    \
  X(G5Condition, "G5", "the condition of a conditional store is resolved")                            \
  X(G5Maintain, "G5", "the guesses that the address of DC or IC hangs on are resolved")               \
  X(G5Chain, "G5", "guesses before a store through any chain of rows are resolved")                   \
  X(G5Forward, "G5", "a load hangs on the guesses of the store it takes its bytes from")              \
  X(G6, "G6", "a store waits for older accesses to its bytes")                                        \
  X(G7Acquire, "G7", "everything waits for an older load-acquire")                                    \
  X(G7AcquirePc, "G7", "everything waits for an older load-acquirePC")                                \
  X(G8, "G8", "everything waits for an older acquire-release atomic")                                 \
  X(G9Read, "G9", "a store-release waits for older loads")                                            \
  X(G9Write, "G9", "a store-release waits for older stores")                                          \
  X(G10, "G10", "a load-acquire waits for older store-releases")                                      \
  X(G10NotPc, "G10", "a load-acquirePC does not")                                                     \
  X(G11, "G11", "DMB SY orders accesses")                                                             \
  X(G11Clean, "G11", "DMB SY waits for older DC")                                                     \
  X(G11HoldsClean, "G11", "DMB SY holds younger DC")                                                  \
  X(G11NotInvalidate, "G11", "DMB SY does not order IC")                                              \
  X(G12, "G12", "DMB LD orders loads before everything")                                              \
  X(G12NoReturn, "G12", "DMB LD ignores the load of an atomic that returns nothing")                  \
  X(G13, "G13", "DMB ST orders stores")                                                               \
  X(G14Full, "G14", "DSB SY orders accesses")                                                         \
  X(G14Load, "G14", "DSB LD orders loads before everything")                                          \
  X(G14Store, "G14", "DSB ST orders stores before everything")                                        \
  X(G14Maintain, "G14", "DSB SY waits for older DC and IC")                                           \
  X(G14HoldsMaintain, "G14", "a DSB holds younger DC and IC")                                         \
  X(G14HoldsAction, "G14", "a DSB holds younger system actions")                                      \
  X(G15Branch, "G15", "context synchronisation waits for older branches")                             \
  X(G15Address, "G15", "context synchronisation waits for older addresses")                           \
  X(G15Barrier, "G15", "context synchronisation waits for older DSBs")                                \
  X(G15Register, "G15", "context synchronisation waits for older system register writes")             \
  X(G15NotLoads, "G15", "context synchronisation does not wait for older loads")                      \
  X(G16, "G16", "the store of an atomic waits for its load (implied by G6)")                          \
  X(G17, "G17", "a load-acquire from an own atomic's store waits for the atomic's load")              \
  X(G18, "G18", "a load takes nothing from a store whose data operands are unknown")                  \
  X(G18Pending, "G18", "a load may be bound to an atomic whose value is outstanding")                 \
  X(G19, "G19", "nothing is fetched past a context synchronisation event")                            \
  X(G15Tag, "G15", "context synchronisation waits for older precise tag checks")                      \
  X(G21, "G21", "a store waits for its own and older precise tag checks")                             \
  X(G21Guess, "G21", "a precise tag check before a store is part of the chains of G5")                \
  X(TagSelf, "tags", "a tag check is not ordered before the access of its own instruction")           \
  X(TagHazard, "tags", "tag checks of one granule may read its tag out of order")                     \
  X(TagTso, "tags", "a TSO core does not order tag checks")                                           \
  X(TagStatus, "tags", "MRS of TFSR waits for older tag checks")                                      \
  X(TagPermission, "tags", "an access that is not permitted faults before its tag check")             \
  X(G22Before, "G22", "DC waits for older accesses to its line")                                      \
  X(G22BeforeLate, "G22", "the same if their address is known late")                                  \
  X(G22Read, "G22", "a load waits for older DC of its line")                                          \
  X(G22Write, "G22", "a store waits for older DC of its line")                                        \
  X(G22AfterLate, "G22", "the same if the address of the DC is known late")                           \
  X(TRead, "T-R", "a load of a TSO core waits for older loads")                                       \
  X(TWriteAfterRead, "T-W", "a store of a TSO core waits for older loads")                            \
  X(TWriteAfterWrite, "T-W", "a store of a TSO core waits for older stores")                          \
  X(T2, "T2", "a load-acquire of a T2 core waits for older stores")                                   \
  X(T3, "T3", "atomics of a T3 core are kept in order with loads")                                    \
  X(HazardRead, "Exp-haz-ob", "loads of one location are not overtaken")                              \
  X(HazardAnyByte, "Exp-haz-ob", "in any byte of the younger one")                                    \
  X(HazardWrite, "loads", "a store whose address is known late was not missed by younger loads")      \
  X(Atomic, "atomics", "no foreign write between the load and the store of an atomic")                \
  X(AtomicOwnStore, "atomics", "an own store in between lifts that")                                  \
  X(Pieces, "loads", "a piece is read and written at one instant")                                    \
  X(MemoryFirst, "loads", "a piece takes its bytes from memory before those from own stores")         \
  X(ExceptionOrder, "exceptions", "nothing younger than an exception has an effect outside the core") \
  X(FetchOldest, "fetch", "a fetch may return any version from the floor on")                         \
  X(FloorRises, "fetch", "IC raises the floor")                                                       \
  X(FloorIsClean, "fetch", "to the version that DC cleaned, not to the newest")                       \
  X(FloorBroadcast, "fetch", "of every core")                                                         \
  X(FloorLocal, "fetch", "IC IALLU only of its own")                                                  \
  X(Clean, "fetch", "DC marks the newest version as cleaned")                                         \
  X(CleanByStore, "fetch", "with IDC every store does")                                               \
  X(TRUncacheable, "TR1", "a translation that ends in a Translation or Access flag fault reads the newest version") \
  X(TRFloor, "TR2", "TLBI ends the use of older versions")                                           \
  X(TRAccess, "TR3", "a DSB after TLBI waits for accesses of other cores through older versions")     \
  X(TROlder, "TR4", "and for the translation of older accesses to the same bytes")                    \
  X(CoherentFetch, "fetch", "with DIC a fetch returns the newest version")

enum class Rule : u8 {
#define X(id, row, text) id,
  ISOBAR_RULES(X)
#undef X
};
inline constexpr unsigned kRules = static_cast<unsigned>(Rule::CoherentFetch) + 1;

#ifdef ISOBAR_MUTATION
/// The rules that do not hold now. Only for tests of one thread.
inline std::bitset<kRules> broken_rules;
inline bool holds(Rule r) { return !broken_rules[static_cast<unsigned>(r)]; }
#else
constexpr bool holds(Rule) { return true; }
#endif

}  // namespace isobar::model

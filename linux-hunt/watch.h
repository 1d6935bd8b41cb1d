// What the threads of a running program do to memory that they share.
//
// Owns: which memory is shared, who reads from whom, which threads spin. Must not know: strategies, which thread runs.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "linux-hunt/races.h"
#include "linux-user/system.h"
#include "support/hash.h"

namespace isobar::linux_hunt {

/// Memory by aligned 8 bytes: number of the address space (0 for mappings that several may have) and address.
using Granules = std::unordered_set<u64>;

/// Accesses are looked at as long as there are several threads; before, a program runs at full speed.
class Watch final : public functional::Watcher, public linux_user::CallObserver {
 public:
  /// Called before an access to shared memory and before a system call; true: the thread stops before it.
  using Event = std::function<bool(i32 thread)>;
  /// Called after a system call.
  using Called = std::function<void()>;
  /// Says in words what two accesses are not ordered; the run ends then (Outcome::Kind::DataRace).
  using Tell = std::function<std::string(const Race& race)>;

  /// `shared`: memory that threads are known to share, in other runs; in this one it is what two threads have accessed,
  /// one of them to write. Both outlive the watch.
  Watch(linux_user::System& system, const Granules& shared, Event event, Called called);
  ~Watch() override;

  /// Checks that accesses to this memory, and to what the program names itself, are ordered.
  void check_races(const std::vector<RaceFree>& memory, Tell tell);
  /// Threads that go round a loop do not stop.
  void follow_loops(bool stop) { stops_loops_ = stop; }

  /// This thread runs from now on.
  void begin(linux_user::Thread& t);
  /// Its slice is over.
  void end();
  /// Has the thread that ran last read the same again and again, while nothing changed?
  bool spun() const { return spins_; }
  /// How often shared memory has got another value.
  u64 changes() const { return changes_; }
  /// Shared memory that was not known.
  const std::vector<u64>& found() const { return found_; }
  unsigned threads() const { return static_cast<unsigned>(threads_.size()); }
  /// Equal for two runs if every thread reads the writes of the same others in the same order.
  Digest interleaving() const;

  // functional::Watcher and linux_user::CallObserver.
  bool access(const functional::Core& core, const isa::Instruction& instruction, u64 pc) override;
  void barrier(isa::BarrierOp op) override;
  bool before_call(const linux_user::Thread& t) override;
  void after_call(const linux_user::Thread& t) override;

 private:
  struct Granule {
    u64 readers = 0, writers = 0;  ///< threads
    u64 informed = 0;              ///< threads that know the last write
    u32 writer = 0;                ///< of the last write; 0: none, else 1 + its number
    u32 writes = 0;                ///< of this writer in a row
    bool shared = false;
  };
  struct Loop {
    u64 pc = 0, granule = 0, changes = 0;
    unsigned rounds = 0;
  };
  struct ThreadState {
    i32 tid = 0;
    Hasher seen;              ///< what it read from others
    std::array<Loop, 16> loops;
    std::size_t next_loop = 0;
    bool passed = false;      ///< the event that it is at has been counted
    bool waited = false;      ///< when the last call began
  };
  struct Write {
    u64 address = 0, before = 0;
  };
  /// An access of the instruction that is about to be executed.
  struct Touched {
    const isa::Uop* uop = nullptr;
    u64 address = 0;
    u64 first = 0, last = 0;  ///< granules
  };

  u64 granule_of(u64 address) const;
  Granule& granule(u64 number);
  bool goes_round(u64 pc, u64 number);
  void note(u64 number, Granule& g, bool write);
  void compare_written();
  std::size_t number_of(const linux_user::Thread& t);
  bool is_race(std::span<const Touched> accesses, u64 pc);
  void order_by_call();
  u64 value_at(u64 address) const;

  linux_user::System& system_;
  const Granules& shared_;
  Event event_;
  Called called_;
  std::unordered_map<u64, Granule> granules_;
  std::vector<u64> found_;
  std::vector<ThreadState> threads_;
  linux_user::Thread* running_ = nullptr;
  std::size_t me_ = 0;           ///< number of the running thread
  std::vector<Write> written_;   ///< by its last instruction, not yet looked at
  u64 changes_ = 0;
  std::optional<Races> races_;
  Tell tell_;
  std::size_t named_ = 0;        ///< how much of Pool::race_free is known
  u64 clear_child_tid_ = 0;      ///< of the calling thread before the call
  bool active_ = false, spins_ = false, stops_loops_ = true;
};

}  // namespace isobar::linux_hunt

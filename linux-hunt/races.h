// Which accesses of threads of a program are ordered, by clocks of what each thread knows of the others.
//
// Owns: what orders accesses of different threads, the last accesses to memory that is to be free of races. Must not know:
// who runs when, where accesses come from.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "isa/uop.h"

namespace isobar::linux_hunt {

/// Memory to which all conflicting accesses have to be ordered by the rest of the program.
struct RaceFree {
  u64 begin = 0, end = 0;
  std::string name;
};

/// Two accesses that are not ordered, the earlier first.
struct Race {
  struct Access {
    i32 thread = 0;
    bool write = false;
    u64 pc = 0;
  };
  u64 address = 0;  ///< first byte that both have
  Access first, second;
};

/// Threads are numbers from 0 on. What is told comes in the order in which it took effect.
class Races {
 public:
  explicit Races(const std::vector<RaceFree>& memory) : memory_(memory) {}

  bool is_empty() const { return memory_.empty(); }
  void add_thread(std::size_t thread, i32 tid);
  void access(std::size_t thread, u64 address, const isa::Uop& u, u64 pc);
  /// DMB or DSB, of whatever kind.
  void barrier(std::size_t thread);
  /// What `from` has done so far is before what `to` does from now on.
  void order(std::size_t from, std::size_t to);
  /// The kernel reads and writes the word for the thread.
  void pass(std::size_t thread, u64 address);
  /// The program names memory itself.
  void add_memory(const RaceFree& memory) { memory_.push_back(memory); }
  /// The first one.
  const std::optional<Race>& race() const { return race_; }

 private:
  /// By thread: how many of its releases, barriers and the like are before.
  using Clock = std::vector<u64>;
  struct ThreadClock {
    i32 tid = 0;
    Clock now;       ///< what is before the next access
    Clock fenced;    ///< what is before the next write, plain or not
    Clock seen;      ///< what plain reads and all writes met; before what comes after the next barrier
    Clock released;  ///< what is before the last release
    Clock met;       ///< what releases met; before what comes after the next acquire
  };
  /// Of 8 aligned bytes outside the memory to be free of races.
  struct Word {
    Clock written;  ///< what is before its writes; a later write is behind an earlier one in coherence order
    Clock read;     ///< what is before its reads
  };
  struct Last {
    i32 tid = 0;
    std::size_t thread = 0;
    u64 epoch = 0, pc = 0;
  };
  struct Byte {
    std::optional<Last> write;
    std::vector<Last> reads;  ///< since that write, the last of each thread
  };

  static void join(Clock& to, const Clock& from);
  void synchronise(std::size_t thread, u64 word, const isa::Uop& u);
  void check(std::size_t thread, u64 address, bool write, u64 pc);
  bool is_race_free(u64 address) const;

  std::vector<RaceFree> memory_;
  std::vector<ThreadClock> threads_;
  std::unordered_map<u64, Word> words_;
  std::unordered_map<u64, Byte> bytes_;
  std::optional<Race> race_;
};

}  // namespace isobar::linux_hunt

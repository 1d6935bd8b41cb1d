// One recorded piece of translated code, executed by itself in an environment that is made up: registers, stack, the
// translator's state block, guest memory.
//
// Owns: that environment, and what happens where the code leaves itself. Must not know: who recorded the code, files.
// Everything follows from the words and a seed.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "isa/sequential.h"

namespace isobar::functional {

/// Code at an address. Words that are literals are read as data.
struct Sequence {
  u64 base = 0;
  std::vector<u32> words;
  unsigned state_register = 28;  ///< X register that points to the translator's state block
  u64 end() const { return base + 4 * words.size(); }
  bool contains(u64 address) const { return address >= base && address < end(); }
};

inline constexpr u64 kSequenceBase = 0x1000'0000;   ///< for code whose address is of no interest
inline constexpr u64 kSequenceState = 0x3000'8000;  ///< the state block; some offsets are negative
inline constexpr u64 kSequenceStack = 0x3800'8000;
inline constexpr u64 kSequenceGuest = 0x2000'0000;  ///< guest registers point here

/// Memory in which every page exists from its first use on, filled with pointers to guest memory and small numbers
/// (state block, stack), with numbers of every kind (elsewhere), or with the code and zeros.
class SequenceMemory : public isa::MemoryInterface {
 public:
  static constexpr u64 kPage = 4096;
  using Page = std::array<u8, kPage>;

  SequenceMemory(const Sequence& sequence, u64 seed) : sequence_(sequence), seed_(seed) {}

  bool fetch(u64 address, u32& word) override;
  bool read(const isa::Uop& u, u64 address, Value& value) override;
  bool write(const isa::Uop& u, u64 address, const Value& value) override;

  /// The pages used so far by first address, without those of the code unless it has been accessed as data.
  const std::map<u64, Page>& pages() const { return pages_; }
  /// What a page holds before anything is written.
  Page initial(u64 address) const;

 private:
  u8* byte(u64 address);

  const Sequence& sequence_;
  u64 seed_;
  std::map<u64, Page> pages_;
};

/// How an execution ended.
struct SequenceRun {
  enum class End : u8 {
    Left,       ///< ran past its last word, or branched elsewhere
    Undefined,  ///< an instruction that does not exist here
    Exception,  ///< BRK, HVC, SMC, HLT
    Fault,      ///< of alignment or memory
    Endless,    ///< the limit was reached
  } end = End::Left;
  u64 pc = 0;  ///< where it ended: of the instruction that failed, or the address it left to
  u64 steps = 0;
  std::vector<bool> executed;  ///< by word
  /// Stretches between which something outside ran: first PC, number of instructions, and what X0 holds when the
  /// outside has returned: an X register's value, or 0 if there is none.
  struct Stretch {
    u64 pc = 0;
    u64 count = 0;
    std::optional<unsigned> result;
  };
  std::vector<Stretch> stretches;
};

/// Registers to start with: the state block, the stack, and in the others pointers to guest memory (16-byte aligned)
/// and a few small numbers. X7 is always small (and a multiple of 16): it is RCX in FEX, a count. X30 is an address outside the code.
isa::ArchState sequence_registers(const Sequence& sequence, u64 seed);

/// Executes at most `limit` instructions with isa::step(). A call out of the sequence (a branch that sets X30 to the
/// next address) returns at once, with one of X0 to X3 in turn as its result, so that a loop until a helper has
/// swapped a value ends; a system call returns 0. Another branch out ends the execution.
/// `before` is called with the state before each instruction if it is given.
SequenceRun run_sequence(const Sequence& sequence, isa::ArchState& state, SequenceMemory& memory, u64 limit,
                         const std::function<void(const isa::ArchState&, u32 word)>& before = nullptr);

}  // namespace isobar::functional

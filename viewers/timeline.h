// A run as a history of instructions: when each was fetched, executed, left the window, and what it read and wrote.
// What files for other programs are written from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "session/recording.h"

namespace isobar::viewers {

/// Bytes that an instruction read or wrote, one micro-op.
struct Access {
  bool write = false;
  u8 size = 0;  ///< 1 to 16
  u64 addr = 0;
  Value value;
};

/// A register after an instruction: "X1", "V0", "ACTLR_EL1", "NZCV" (then `reg` is None).
struct Result {
  std::string name;
  isa::Reg reg = isa::Reg::None;
  Value value;
  u8 size = 8;  ///< bytes: 8, or 16 of a vector register
};

/// An instruction in flight at some time. Times are ticks of a timed run, else steps of the run, from 0.
struct Instruction {
  unsigned core = 0;
  u64 pc = 0;
  u32 word = 0;  ///< 0: exception entry
  u8 el = 0;
  std::string text;
  u64 fetched = 0;
  std::optional<u64> executed;   ///< all results are known
  std::optional<u64> buffered;   ///< first store with address and data: in the store buffer
  std::optional<u64> drained;    ///< last piece of the last store in memory
  std::optional<u64> retired;    ///< has left the window
  std::optional<u64> discarded;  ///< younger than a wrong guess
  std::vector<Access> accesses;  ///< of what has retired
  std::vector<Result> results;   ///< of what has retired
};

/// Some byte of `reader` was taken from `writer`; indices into Timeline::instructions.
struct ReadsFrom {
  std::size_t writer = 0, reader = 0;
  u64 time = 0;  ///< when it was read
};

/// What everybody can see, in its order: an instruction has retired, or bytes of a store have reached memory.
struct Event {
  std::size_t instruction = 0;
  bool retired = false;
  u8 size = 0;  ///< of the rest: bytes in memory now, 1 to 16
  u64 addr = 0;
  Value value;
};

/// State of a core after a step that changed it.
struct Sample {
  u64 time = 0;
  unsigned core = 0;
  u64 pc = 0;  ///< next fetch
  unsigned window = 0, store_buffer = 0;  ///< micro-ops; stores with address and data that are not in memory
  u8 el = 0;
  bool tso = false, interrupt_pending = false;
};

struct Timeline {
  std::string title;
  bool timed = false;  ///< times are ticks
  u64 end = 0;         ///< time of the last step
  std::vector<std::string> cores;
  std::vector<Instruction> instructions;     ///< in the order in which they were fetched
  std::vector<Event> events;
  std::vector<ReadsFrom> reads_from;         ///< in the order of reads
  std::vector<Sample> samples;               ///< by time; one per core at the beginning
};

/// Runs `steps` again from the initial state of `w`. Throws InternalError if one is not allowed.
Timeline make_timeline(const session::Workload& w, const std::vector<session::Step>& steps);

/// A pipeline diagram for Konata (format "Kanata" 0004): lane 0 fetched (F), executed (X), lane 1 store buffer (SB).
std::string to_kanata(const Timeline& t);
/// Chrome's trace format, which Perfetto opens: a process per core, instructions and store buffer entries in lanes,
/// arrows for reads-from.
std::string to_perfetto(const Timeline& t);
/// Waveforms (IEEE 1364-2005, 18): per core PC, window, store buffer, EL, TSO, interrupt.
std::string to_vcd(const Timeline& t);
/// One line per retired instruction: time, core, PC, word, text, results, accesses.
std::string to_commit_log(const Timeline& t);

}  // namespace isobar::viewers

// Builds the execution (trace::Execution) of a run from what the machine tells its observer.
//
// Owns: which write each byte read came from, judged by the order in which effects reached memory; never by values.
// Must not know: drivers, rules. Squashed micro-ops vanish. One recorder follows one run from the initial state.
#pragma once

#include <map>
#include <unordered_map>

#include "model/machine/machine.h"
#include "model/state/observer.h"
#include "trace/execution.h"

namespace isobar::model {

/// How sources of reads are told.
enum class Sources : u8 {
  FromOrder,  ///< memory is ours: a read takes the newest write that has reached memory
  Unknown,    ///< memory is somebody else's: bytes that it returned get trace::kUnknownWrite
};

class Recorder final : public Observer {
 public:
  explicit Recorder(const Machine& machine, Sources sources = Sources::FromOrder);

  void fetched(unsigned core, const Entry& e) override;
  void bound(unsigned core, const Entry& e, u16 mask, i64 from) override;
  void propagated(unsigned core, const Entry& e) override;
  void performed(unsigned core, const Entry& e, const Access& a) override;
  void retired(unsigned core, const Entry& e) override;
  void squashed(unsigned core, u32 first_seq) override;
  void interrupted(unsigned core, u64 return_pc) override;

  /// The execution up to `s`, the state that the last step led to. If instructions with effects are still in flight it
  /// is not complete. The recorder must not be used afterwards.
  trace::Execution finish(const MachineState& s);

 private:
  /// A micro-op that was fetched and has not retired.
  struct InFlight {
    trace::InstructionRecord instruction;  ///< of the first micro-op of its instruction: without accesses
    bool starts = false;                   ///< is that first micro-op
    u64 addr = 0;                          ///< Read
    std::vector<i32> source;               ///< Read, per byte; kNotBound until it is bound to a write in memory
    std::vector<i64> forwarder;            ///< Read, per byte: seq of the store that it was forwarded from, or -1
    u16 in_memory = 0;                     ///< Write: bytes that have propagated
    std::vector<trace::AccessRecord> access;  ///< its effects so far
    std::vector<std::size_t> maintenance;     ///< index into Execution::maintenance of each DC and IC among them
  };
  struct Written {
    u64 addr = 0;
    Value value;
  };

  InFlight& in_flight(unsigned core, const Entry& e);
  i32 newest(u64 byte) const;
  i32 fetched_version(u64 pc, u32 word) const;
  void note_initial(u64 addr, unsigned size);
  void resolve_forwarding(unsigned core, u32 seq, const trace::AccessRecord& store);
  void add_to_instruction(unsigned core, InFlight& m);
  void flush_unfinished();

  const Machine& machine_;
  Sources sources_;
  trace::Execution execution_;
  std::vector<Written> written_;                       ///< parallel to Execution::writes
  std::vector<std::map<u32, InFlight>> in_flight_;     ///< per core, by seq
  std::vector<trace::InstructionRecord> squashed_;     ///< per core, the oldest instruction of the last squash
  std::vector<bool> interrupt_;                        ///< per core: the next exception entry is an interrupt
  std::unordered_map<u64, std::vector<i32>> history_;  ///< per byte, the writes that reached it
};

}  // namespace isobar::model

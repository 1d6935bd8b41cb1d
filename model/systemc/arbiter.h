// The only process of the platform: wakes its sequencer when the next grant is due.
//
// Owns: one event. What is due is in the sequencer's own ordered queue, so no result depends on how the
// kernel orders processes or on what ran before. Must not know: transitions.
#pragma once

#include <exception>
#include <optional>
#include <systemc>

#include "support/types.h"

namespace isobar::systemc {

/// Something that acts at instants of model time.
class Sequencer {
 public:
  virtual ~Sequencer() = default;
  /// Acts at `now`; the next instant to be called at, later than `now`, or nothing.
  virtual std::optional<u64> activate(u64 now) = 0;
};

class Arbiter final : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(Arbiter);
  explicit Arbiter(const sc_core::sc_module_name& name);

  /// Runs the kernel from model time `start` until `s` has nothing more to do. Exceptions of `s` are passed
  /// on. Model time may be up to `quantum` ticks ahead of the kernel's (temporal decoupling, IEEE 1666-2011 clause 10.2): 0
  /// where others have processes that look at the time.
  void run(Sequencer& s, u64 start, u64 quantum);

 private:
  void wake();
  void schedule(u64 ticks);

  sc_core::sc_event due_{"due"};
  Sequencer* sequencer_ = nullptr;
  u64 now_ = 0;      ///< of the model
  u64 kernel_ = 0;   ///< model time that the kernel has reached
  u64 quantum_ = 0;
  std::exception_ptr failure_;
};

}  // namespace isobar::systemc

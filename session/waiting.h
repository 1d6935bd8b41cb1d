// Why a micro-op cannot act yet, in words: asks the guards of model/thread and says what they answer.
#pragma once

#include <string>

#include "model/state/machine_state.h"
#include "model/thread/wait.h"
#include "session/listing.h"
#include "session/workload.h"

namespace isobar::session {

/// Explains one state. All arguments of the constructor must outlive it.
class Waiting {
 public:
  Waiting(const Workload& w, const Listing& listing, const model::MachineState& s)
      : w_(w), listing_(listing), s_(s) {}

  /// What the micro-op at `slot`, which has nothing to do now and is not complete, waits for: "DSB ISH (line 9) until
  /// DC CVAU, X1 (line 8) of line code completes [G14]". Empty if it is complete.
  std::string slot(unsigned core, unsigned slot) const;

  /// Why the core fetches nothing now: "the target of RET (line 4)", or that it has stopped. Empty if it may fetch.
  std::string fetch(unsigned core) const;

  /// What a pending interrupt waits for: "until LDR X0,[X1] (line 3) is resolved". Empty if none is pending or it can be
  /// taken.
  std::string interrupt(unsigned core) const;

 private:
  std::string instruction(const model::Entry& e) const;
  std::string happens(const model::Entry& e) const;
  std::string until(const model::Core& c, unsigned slot) const;
  std::string value(const model::Core& c, const model::Entry& e, unsigned first, unsigned last) const;
  std::string address(const model::Core& c, const model::Entry& e) const;
  std::string data(const model::Core& c, const model::Entry& e) const;
  std::string decision(const model::Core& c, const model::Entry& e) const;
  std::string guess(const model::Core& c, unsigned slot) const;
  std::string row(const model::Core& c, unsigned slot, model::Wait w) const;
  std::string named_row(const model::Core& c, unsigned slot, model::Wait w) const;
  std::string read(const model::Core& c, unsigned slot) const;
  std::string write(unsigned core, unsigned slot) const;
  std::string barrier(unsigned core, unsigned slot) const;
  std::string system_register(const model::Core& c, unsigned slot) const;
  std::string exception(const model::Core& c, unsigned slot) const;

  const Workload& w_;
  const Listing& listing_;
  const model::MachineState& s_;
};

}  // namespace isobar::session

// The generic timers of the cores: compare with model time, raise an interrupt.
//
// Owns: the comparison of CNTV_CVAL_EL0 with model time, and the wire to the interrupt controller. The
// registers are the cores'; that the interrupt becomes pending is the transition TimerTick, like everything
// that can be observed.
#pragma once

#include <tlm_utils/simple_initiator_socket.h>

#include <array>
#include <optional>

#include "model/state/machine_state.h"
#include "model/systemc/core.h"

namespace isobar::systemc {

class Timer final : public sc_core::sc_module {
 public:
  tlm_utils::simple_initiator_socket<Timer> bus{"bus"};

  explicit Timer(const sc_core::sc_module_name& name);

  void configure(const PlatformConfig& config);
  /// Makes the virtual timer interrupt of `a.core` pending.
  Reply raise(model::Access& a);
  /// First instant after `after` at which an enabled, unmasked timer that has not fired yet fires; nothing if
  /// none will within kHorizon ticks.
  static std::optional<u64> next_deadline(const model::MachineState& s, u64 after);
  /// Farther deadlines count as never: kernel time is finite. Nearly three hours.
  static constexpr u64 kHorizon = 10'000'000'000'000;

 private:
  u64 interrupt_controller_base_ = 0;
  tlm::tlm_generic_payload payload_;
  MemoryAttributes attributes_;
  std::array<unsigned char, 4> buffer_{};
};

}  // namespace isobar::systemc

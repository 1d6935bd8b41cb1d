// The interrupt controller as the cores reach it: four registers in a window of the address map.
//
// Owns: the window's layout and its latency; pending and active bits are in the Storage under operation.
#pragma once

#include "model/systemc/memory.h"

namespace isobar::systemc {

class InterruptController final : public sc_core::sc_module {
 public:
  /// Offsets from PlatformConfig::interrupt_controller_base. A core's ICC_* system register accesses arrive
  /// here.
  static constexpr u64 kSgi1r = 0x00;  ///< write, 8 bytes: ICC_SGI1R_EL1
  static constexpr u64 kIar1 = 0x08;   ///< read, 4 bytes: ICC_IAR1_EL1
  static constexpr u64 kEoir1 = 0x10;  ///< write, 4 bytes: ICC_EOIR1_EL1
  static constexpr u64 kTimer = 0x18;  ///< write, 4 bytes, from the timer: the PPI that has become pending

  tlm_utils::passthrough_target_socket<InterruptController> socket{"socket"};

  InterruptController(const sc_core::sc_module_name& name, const StorageContext& context);

  void configure(const PlatformConfig& config);

 private:
  void transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay);
  unsigned transport_debug(tlm::tlm_generic_payload& p);

  const StorageContext& context_;
  u64 base_ = 0;
  u64 latency_ = 0;
};

}  // namespace isobar::systemc

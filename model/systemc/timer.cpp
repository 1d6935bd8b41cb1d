#include "model/systemc/timer.h"

#include <algorithm>
#include <cstring>

#include "model/systemc/interrupt_controller.h"

namespace isobar::systemc {

Timer::Timer(const sc_core::sc_module_name& name) : sc_module(name) {}

void Timer::configure(const PlatformConfig& config) {
  interrupt_controller_base_ = config.interrupt_controller_base;
}

Reply Timer::raise(model::Access& a) {
  attributes_ = MemoryAttributes{};
  attributes_.kind = model::AccessKind::TimerInterrupt;
  attributes_.core = a.core;
  attributes_.intid = model::kVirtualTimerIntid;
  std::memcpy(buffer_.data(), &attributes_.intid, buffer_.size());
  payload_.set_write();
  payload_.set_address(interrupt_controller_base_ + InterruptController::kTimer);
  payload_.set_data_ptr(buffer_.data());
  payload_.set_data_length(static_cast<unsigned>(buffer_.size()));
  payload_.set_streaming_width(static_cast<unsigned>(buffer_.size()));
  payload_.set_byte_enable_ptr(nullptr);
  payload_.set_dmi_allowed(false);
  payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  payload_.set_extension(&attributes_);
  sc_core::sc_time delay;
  bus->b_transport(payload_, delay);
  payload_.clear_extension(&attributes_);
  a.ok = payload_.get_response_status() == tlm::TLM_OK_RESPONSE;
  return {to_ticks(delay), false, false, false, 0};
}

std::optional<u64> Timer::next_deadline(const model::MachineState& s, u64 after) {
  std::optional<u64> first;
  for (std::size_t k = 0; k < s.core.size(); ++k) {
    const model::Interrupts& irq = s.storage.irq;
    if (((irq.pending[k] | irq.active[k]) >> model::kVirtualTimerIntid & 1) != 0) continue;
    const u64 control = s.core[k].reg[isa::index(isa::Reg::CNTV_CTL_EL0)];
    const u64 compare = s.core[k].reg[isa::index(isa::Reg::CNTV_CVAL_EL0)];
    if ((control & 3) != 1 || s.core[k].stop.stopped) continue;
    if (compare <= after || compare - after > kHorizon) continue;
    first = std::min(first.value_or(compare), compare);
  }
  return first;
}

}  // namespace isobar::systemc

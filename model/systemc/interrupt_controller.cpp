#include "model/systemc/interrupt_controller.h"

#include <cstring>

namespace isobar::systemc {

using model::Access;
using model::AccessKind;

InterruptController::InterruptController(const sc_core::sc_module_name& name, const StorageContext& context)
    : sc_module(name), context_(context) {
  socket.register_b_transport(this, &InterruptController::transport);
  socket.register_transport_dbg(this, &InterruptController::transport_debug);
}

void InterruptController::configure(const PlatformConfig& config) {
  base_ = config.interrupt_controller_base;
  latency_ = config.interrupt_latency;
}

void InterruptController::transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
  const MemoryAttributes* a = attributes(p);
  if (a == nullptr || context_.storage == nullptr) {
    p.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
    return;
  }
  const tlm::tlm_response_status bad = check_payload(p, 8);
  if (bad != tlm::TLM_OK_RESPONSE) {
    p.set_response_status(bad);
    return;
  }
  Access access;
  access.core = a->core;
  const u64 offset = p.get_address() - base_;
  if (p.is_write() && offset == kSgi1r && p.get_data_length() == 8) {
    access.kind = AccessKind::SendSgi;
    std::memcpy(&access.addr, p.get_data_ptr(), 8);
  } else if (p.is_read() && offset == kIar1 && p.get_data_length() == 4) {
    access.kind = AccessKind::Acknowledge;
  } else if (p.is_write() && offset == kEoir1 && p.get_data_length() == 4) {
    access.kind = AccessKind::EndOfInterrupt;
    std::memcpy(&access.addr, p.get_data_ptr(), 4);
  } else if (p.is_write() && offset == kTimer && p.get_data_length() == 4) {
    access.kind = AccessKind::TimerInterrupt;
  } else {
    p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    return;
  }
  context_.perform(access);
  if (p.is_read()) std::memcpy(p.get_data_ptr(), &access.data, p.get_data_length());
  delay += to_sc_time(latency_);
  p.set_response_status(tlm::TLM_OK_RESPONSE);
}

unsigned InterruptController::transport_debug(tlm::tlm_generic_payload& p) {
  MemoryAttributes* a = attributes(p);
  if (a != nullptr && a->quote) a->latency += latency_;
  return 0;
}

}  // namespace isobar::systemc

#include "model/systemc/core.h"

#include <bit>
#include <cstring>

#include "model/systemc/interrupt_controller.h"

namespace isobar::systemc {

using model::Access;
using model::AccessKind;

static_assert(std::endian::native == std::endian::little, "payload bytes are copied to and from Value");

CoreModule::CoreModule(const sc_core::sc_module_name& name, unsigned id) : sc_module(name), id_(id) {
  payload_.set_extension(&attributes_);
  snoop.register_b_transport(this, &CoreModule::snooped);
  snoop.register_transport_dbg(this, &CoreModule::snooped_debug);
}

void CoreModule::configure(const PlatformConfig& config, bool dic) {
  active_ = true;
  dic_ = dic;
  interrupt_controller_base_ = config.interrupt_controller_base;
}

void CoreModule::prepare(const Access& a, bool timed, bool quote) {
  attributes_ = MemoryAttributes{};
  attributes_.kind = a.kind;
  attributes_.core = a.core;
  attributes_.version = a.version;
  attributes_.acquire = a.acquire;
  attributes_.release = a.release;
  attributes_.exclusive = a.exclusive;
  attributes_.atomic = a.atomic;
  attributes_.timed = timed;
  attributes_.quote = quote;
  u64 addr = a.addr;
  unsigned length = a.size;
  tlm::tlm_command command = tlm::TLM_READ_COMMAND;
  std::memcpy(buffer_.data(), &a.data, sizeof a.data);
  switch (a.kind) {
    case AccessKind::Read: break;
    case AccessKind::Fetch: length = 4; break;
    case AccessKind::Write: command = tlm::TLM_WRITE_COMMAND; break;
    case AccessKind::CleanData:
    case AccessKind::InvalidateLine:
    case AccessKind::InvalidateAllLocal:
    case AccessKind::InvalidateAll:
      command = tlm::TLM_IGNORE_COMMAND;
      length = 1;
      break;
    case AccessKind::SendSgi:
      command = tlm::TLM_WRITE_COMMAND;
      length = 8;
      std::memcpy(buffer_.data(), &a.addr, length);
      addr = interrupt_controller_base_ + InterruptController::kSgi1r;
      break;
    case AccessKind::Acknowledge:
      length = 4;
      addr = interrupt_controller_base_ + InterruptController::kIar1;
      break;
    case AccessKind::EndOfInterrupt:
      command = tlm::TLM_WRITE_COMMAND;
      length = 4;
      attributes_.intid = static_cast<u32>(a.addr);
      std::memcpy(buffer_.data(), &attributes_.intid, length);
      addr = interrupt_controller_base_ + InterruptController::kEoir1;
      break;
    case AccessKind::ReadDescriptor:
    case AccessKind::InvalidateTlb: break;   // the platform answers them
    case AccessKind::TimerInterrupt: break;  // comes from the timer, never from a core
  }
  payload_.set_command(quote ? tlm::TLM_READ_COMMAND : command);
  payload_.set_address(addr);
  payload_.set_data_ptr(buffer_.data());
  payload_.set_data_length(length);
  payload_.set_streaming_width(length);
  payload_.set_byte_enable_ptr(nullptr);
  payload_.set_dmi_allowed(false);
  payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
}

CoreModule::~CoreModule() { payload_.clear_extension(&attributes_); }

Reply CoreModule::access(Access& a, bool timed) {
  prepare(a, timed, false);
  sc_core::sc_time delay;
  if (a.kind == AccessKind::Fetch)
    insn->b_transport(payload_, delay);
  else
    data->b_transport(payload_, delay);
  a.ok = payload_.get_response_status() == tlm::TLM_OK_RESPONSE;
  if (payload_.is_read() && a.ok) {
    a.data = Value{};
    std::memcpy(&a.data, buffer_.data(), payload_.get_data_length());
  }
  return {to_ticks(delay), attributes_.hit, attributes_.owned, attributes_.word_known, attributes_.word};
}

Reply CoreModule::quote(const Access& a) {
  prepare(a, true, true);
  if (a.kind == AccessKind::Fetch)
    insn->transport_dbg(payload_);
  else
    data->transport_dbg(payload_);
  return {attributes_.latency, attributes_.hit, attributes_.owned, attributes_.word_known, attributes_.word};
}

void CoreModule::snooped(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
  const MemoryAttributes* a = attributes(p);
  p.set_response_status(a == nullptr ? tlm::TLM_GENERIC_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE);
  if (a == nullptr || !active_) return;
  const bool own = a->core == id_;
  switch (a->kind) {
    case AccessKind::Write:
      if (dic_) icache_snoop->b_transport(p, delay);
      if (!own) dcache_snoop->b_transport(p, delay);
      break;
    case AccessKind::Read:
      if (!own) dcache_snoop->b_transport(p, delay);
      break;
    case AccessKind::Fetch:
    case AccessKind::CleanData: dcache_snoop->b_transport(p, delay); break;
    case AccessKind::InvalidateLine:
    case AccessKind::InvalidateAll: icache_snoop->b_transport(p, delay); break;
    case AccessKind::InvalidateAllLocal:
      if (own) icache_snoop->b_transport(p, delay);
      break;
    default: break;
  }
}

unsigned CoreModule::snooped_debug(tlm::tlm_generic_payload& p) {
  const MemoryAttributes* a = attributes(p);
  if (a == nullptr || !active_ || (a->core == id_ && a->kind != AccessKind::Fetch)) return 0;
  return dcache_snoop->transport_dbg(p);
}

}  // namespace isobar::systemc

#include "model/systemc/interconnect.h"

namespace isobar::systemc {

using model::AccessKind;

Interconnect::Interconnect(const sc_core::sc_module_name& name) : sc_module(name) {
  in.register_b_transport(this, &Interconnect::transport);
  in.register_transport_dbg(this, &Interconnect::transport_debug);
}

void Interconnect::connect_core(unsigned core, TargetSocket& target) {
  snoop_.bind(target);
  snoop_index_[core] = snoop_count_++;
}

void Interconnect::configure(const PlatformConfig& config, unsigned cores, bool dic,
                             bool maintenance_to_memory) {
  config_ = config;
  cores_ = cores;
  dic_ = dic;
  maintenance_to_memory_ = maintenance_to_memory;
  window_base_ = config.interrupt_controller_base;
  window_size_ = config.interrupt_controller_size;
}

u64 Interconnect::latency(const MemoryAttributes& a, bool snooped) const {
  if (a.hit) return 0;
  u64 t = config_.interconnect_latency;
  if (is_maintenance(a.kind)) t += config_.maintenance_latency;
  if (snooped && (a.shared || a.owned) && a.kind != AccessKind::Fetch) t += config_.snoop_latency;
  return t;
}

void Interconnect::transport(int, tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
  MemoryAttributes* a = attributes(p);
  if (a == nullptr) {
    p.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
    return;
  }
  const u64 addr = p.get_address();
  if (is_interrupt_controller(addr)) {
    delay += to_sc_time(config_.interconnect_latency);
    interrupt_controller->b_transport(p, delay);
    return;
  }
  const bool ask = a->timed && (is_memory(a->kind) ? !a->hit : is_maintenance(a->kind));
  const bool drop_instructions = a->timed && dic_ && a->kind == AccessKind::Write;
  if (ask || drop_instructions) broadcast(*a, addr);
  if (ask && is_memory(a->kind)) {
    a->owned |= snoop_attributes_.owned;
    a->shared |= snoop_attributes_.shared;
  }
  if (const u64 ticks = latency(*a, ask); ticks != 0) delay += to_sc_time(ticks);
  if (is_maintenance(a->kind) && !maintenance_to_memory_)
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  else
    memory->b_transport(p, delay);
}

unsigned Interconnect::transport_debug(int, tlm::tlm_generic_payload& p) {
  const u64 addr = p.get_address();
  MemoryAttributes* a = attributes(p);
  if (is_interrupt_controller(addr)) {
    if (a != nullptr && a->quote) a->latency += config_.interconnect_latency;
    return interrupt_controller->transport_dbg(p);
  }
  if (a == nullptr) return memory->transport_dbg(p);
  if (is_memory(a->kind) && !a->hit) {
    broadcast_debug(*a, addr);
    a->owned |= snoop_attributes_.owned;
    a->shared |= snoop_attributes_.shared;
  }
  if (a->quote) a->latency += latency(*a, true);
  if (is_maintenance(a->kind) && !maintenance_to_memory_) return 0;
  return memory->transport_dbg(p);
}

void Interconnect::prepare_snoop(const MemoryAttributes& a, u64 addr) {
  snoop_attributes_ = MemoryAttributes{};
  snoop_attributes_.kind = a.kind;
  snoop_attributes_.core = a.core;
  snoop_attributes_.timed = true;
  snoop_payload_.set_command(tlm::TLM_IGNORE_COMMAND);
  snoop_payload_.set_address(addr);
  snoop_payload_.set_data_ptr(&snoop_byte_);
  snoop_payload_.set_data_length(1);
  snoop_payload_.set_streaming_width(1);
  snoop_payload_.set_byte_enable_ptr(nullptr);
  snoop_payload_.set_dmi_allowed(false);
  snoop_payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
}

void Interconnect::broadcast(const MemoryAttributes& a, u64 addr) {
  prepare_snoop(a, addr);
  snoop_payload_.set_extension(&snoop_attributes_);
  sc_core::sc_time answered_together;
  for (unsigned core = 0; core < cores_; ++core)
    snoop_[snoop_index_[core]]->b_transport(snoop_payload_, answered_together);
  snoop_payload_.clear_extension(&snoop_attributes_);
}

void Interconnect::broadcast_debug(const MemoryAttributes& a, u64 addr) {
  prepare_snoop(a, addr);
  snoop_payload_.set_extension(&snoop_attributes_);
  for (unsigned core = 0; core < cores_; ++core) snoop_[snoop_index_[core]]->transport_dbg(snoop_payload_);
  snoop_payload_.clear_extension(&snoop_attributes_);
}

}  // namespace isobar::systemc

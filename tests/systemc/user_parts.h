// Components as a user would write them: plain TLM-2.0, no knowledge of the platform, and a few ways to be
// wrong.
#pragma once

#include <tlm_utils/multi_passthrough_initiator_socket.h>
#include <tlm_utils/multi_passthrough_target_socket.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <cstring>
#include <map>

#include "model/systemc/platform.h"

namespace isobar::test {

/// Memory of 16-byte blocks. Knows READ and WRITE only.
class UserMemory : public sc_core::sc_module {
 public:
  enum class Fault { None, StaleRead, LostWrite, TornWrite };

  tlm_utils::simple_target_socket<UserMemory> socket{"socket"};
  Fault fault = Fault::None;
  u64 accesses = 0;

  explicit UserMemory(const sc_core::sc_module_name& name) : sc_module(name) {
    socket.register_b_transport(this, &UserMemory::transport);
    socket.register_transport_dbg(this, &UserMemory::debug);
  }

  /// Forgets everything; the platform loads the initial contents again.
  void clear(Fault f) {
    fault = f;
    bytes_.clear();
    before_.clear();
    late_.clear();
    reads_ = writes_ = accesses = 0;
  }

 private:
  void transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
    ++accesses;
    delay += sc_core::sc_time(50, sc_core::SC_NS);
    p.set_response_status(tlm::TLM_OK_RESPONSE);
    if (p.is_read()) {
      const bool stale = fault == Fault::StaleRead && p.get_address() < 0x10000 && ++reads_ % 2 == 0;
      copy_out(p, stale ? before_ : bytes_);
      for (const auto& [addr, byte] : late_) bytes_[addr] = byte;
      late_.clear();
      return;
    }
    if (fault == Fault::LostWrite && ++writes_ == 2) return;
    for (unsigned i = 0; i < p.get_data_length(); ++i) {
      const u64 addr = p.get_address() + i;
      before_[addr] = bytes_[addr];
      if (fault == Fault::TornWrite && i >= 8)
        late_[addr] = p.get_data_ptr()[i];
      else
        bytes_[addr] = p.get_data_ptr()[i];
    }
  }

  unsigned debug(tlm::tlm_generic_payload& p) {
    if (p.is_read()) {
      copy_out(p, bytes_);
    } else {
      for (unsigned i = 0; i < p.get_data_length(); ++i) {
        bytes_[p.get_address() + i] = p.get_data_ptr()[i];
        before_[p.get_address() + i] = p.get_data_ptr()[i];
      }
    }
    return p.get_data_length();
  }

  static void copy_out(tlm::tlm_generic_payload& p, const std::map<u64, unsigned char>& from) {
    for (unsigned i = 0; i < p.get_data_length(); ++i) {
      const auto b = from.find(p.get_address() + i);
      p.get_data_ptr()[i] = b == from.end() ? 0 : b->second;
    }
  }

  std::map<u64, unsigned char> bytes_, before_, late_;
  u64 reads_ = 0, writes_ = 0;
};

/// An interconnect that routes by address and sends what is neither read nor write to everybody.
class UserInterconnect : public sc_core::sc_module {
 public:
  enum class Fault { None, LostMaintenance, StuckBit };

  tlm_utils::multi_passthrough_target_socket<UserInterconnect> in{"in"};
  tlm_utils::simple_initiator_socket<UserInterconnect> memory{"memory"};
  tlm_utils::simple_initiator_socket<UserInterconnect> interrupts{"interrupts"};
  tlm_utils::multi_passthrough_initiator_socket<UserInterconnect> snoop{"snoop"};
  Fault fault = Fault::None;
  u64 accesses = 0;

  explicit UserInterconnect(const sc_core::sc_module_name& name) : sc_module(name) {
    in.register_b_transport(this, &UserInterconnect::transport);
    in.register_transport_dbg(this, &UserInterconnect::debug);
  }

  void bind(const systemc::InterconnectPorts& ports) {
    for (systemc::InitiatorSocket* i : ports.initiators) i->bind(in);
    memory.bind(*ports.memory);
    interrupts.bind(*ports.interrupt_controller);
    for (systemc::TargetSocket* s : ports.snoop) snoop.bind(*s);
  }

 private:
  static bool is_interrupt(u64 addr) { return addr >= systemc::PlatformConfig{}.interrupt_controller_base; }

  void transport(int, tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
    ++accesses;
    delay += sc_core::sc_time(11, sc_core::SC_NS);
    if (is_interrupt(p.get_address())) return interrupts->b_transport(p, delay);
    const bool maintenance = p.get_command() == tlm::TLM_IGNORE_COMMAND;
    if (maintenance && fault != Fault::LostMaintenance)
      for (unsigned i = 0; i < snoop.size(); ++i) snoop[i]->b_transport(p, delay);
    memory->b_transport(p, delay);
    if (fault == Fault::StuckBit && p.is_read() && p.get_address() < 0x10000) p.get_data_ptr()[0] |= 0x80;
  }

  unsigned debug(int, tlm::tlm_generic_payload& p) {
    return is_interrupt(p.get_address()) ? interrupts->transport_dbg(p) : memory->transport_dbg(p);
  }
};

}  // namespace isobar::test

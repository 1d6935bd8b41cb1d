#include "model/systemc/memory.h"

#include <cstring>

#include "support/bits.h"

namespace isobar::systemc {

using model::Access;
using model::AccessKind;

tlm::tlm_response_status check_payload(const tlm::tlm_generic_payload& p, unsigned max) {
  if (p.get_byte_enable_ptr() != nullptr) return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
  const unsigned length = p.get_data_length();
  if (length == 0 || length > max || p.get_streaming_width() < length || p.get_data_ptr() == nullptr)
    return tlm::TLM_BURST_ERROR_RESPONSE;
  return tlm::TLM_OK_RESPONSE;
}

Memory::Memory(const sc_core::sc_module_name& name, const StorageContext& context)
    : sc_module(name), context_(context) {
  socket.register_b_transport(this, &Memory::transport);
  socket.register_transport_dbg(this, &Memory::transport_debug);
}

u64 Memory::latency(const MemoryAttributes& a) const {
  if (a.hit || !is_memory(a.kind)) return 0;
  return a.owned && a.kind != AccessKind::Fetch ? 0 : latency_;
}

void perform(const StorageContext& context, tlm::tlm_generic_payload& p, const MemoryAttributes& a) {
  constexpr unsigned kLargest = 16;
  const tlm::tlm_response_status bad = check_payload(p, kLargest);
  if (bad != tlm::TLM_OK_RESPONSE) {
    p.set_response_status(bad);
    return;
  }
  Access access;
  access.kind = a.kind;
  access.core = a.core;
  access.version = a.version;
  access.addr = p.get_address();
  access.size = static_cast<u8>(p.get_data_length());
  const bool crosses = (access.addr & (kLargest - 1)) + access.size > kLargest;
  const bool consistent = p.is_read()    ? a.kind == AccessKind::Read || a.kind == AccessKind::Fetch
                          : p.is_write() ? a.kind == AccessKind::Write
                                         : is_maintenance(a.kind);
  if (!consistent || (is_memory(a.kind) && crosses)) {
    p.set_response_status(consistent ? tlm::TLM_BURST_ERROR_RESPONSE : tlm::TLM_COMMAND_ERROR_RESPONSE);
    return;
  }
  if (p.is_write()) std::memcpy(&access.data, p.get_data_ptr(), access.size);
  context.perform(access);
  if (p.is_read() && access.ok) std::memcpy(p.get_data_ptr(), &access.data, access.size);
  p.set_response_status(access.ok ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

void Memory::transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
  const MemoryAttributes* a = attributes(p);
  if (a == nullptr || context_.storage == nullptr) {
    p.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
    return;
  }
  perform(context_, p, *a);
  if (const u64 ticks = latency(*a); ticks != 0) delay += to_sc_time(ticks);
}

u8 Memory::unified_byte(u64 addr, bool behind) const {
  const u64 word = align_down(addr, 4);
  const model::CodeWord* code = behind ? model::find_code(*context_.storage, word) : nullptr;
  if (code != nullptr) return static_cast<u8>(code->values[code->cleaned] >> (8 * (addr - word)));
  return model::read_memory(*context_.storage, context_.machine->image(), addr, 1).byte(0);
}

unsigned Memory::transport_debug(tlm::tlm_generic_payload& p) {
  MemoryAttributes* a = attributes(p);
  if (a != nullptr && a->quote) {
    a->latency += latency(*a);
    return 0;
  }
  if (context_.storage == nullptr || p.get_data_ptr() == nullptr) return 0;
  const u64 addr = p.get_address();
  const unsigned length = p.get_data_length();
  if (p.is_read()) {
    const bool behind = a != nullptr && a->kind == AccessKind::Fetch && a->owned;
    for (unsigned i = 0; i < length; ++i) p.get_data_ptr()[i] = unified_byte(addr + i, behind);
    return length;
  }
  if (!p.is_write()) return 0;
  for (unsigned i = 0; i < length; ++i) {
    const Value byte{p.get_data_ptr()[i], 0};
    model::write_memory(*context_.storage, context_.machine->image(), addr + i, 1, byte);
  }
  return length;
}

}  // namespace isobar::systemc

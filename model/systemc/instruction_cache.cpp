#include "model/systemc/instruction_cache.h"

#include <algorithm>
#include <cstring>

namespace isobar::systemc {

using model::AccessKind;

namespace {
constexpr unsigned kWord = 4;
}

InstructionCache::InstructionCache(const sc_core::sc_module_name& name, const StorageContext& context)
    : sc_module(name), context_(context) {
  cpu.register_b_transport(this, &InstructionCache::transport);
  cpu.register_transport_dbg(this, &InstructionCache::transport_debug);
  snoop.register_b_transport(this, &InstructionCache::snooped);
}

void InstructionCache::configure(const PlatformConfig& config, unsigned line_bytes, bool supplies_data) {
  state_.lines.configure(config.icache, line_bytes);
  // Words count only in valid lines, and filling a line sets all of them.
  state_.words.resize(std::size_t{state_.lines.size()} * (line_bytes / kWord));
  state_.hits = state_.misses = state_.prefetched = state_.invalidated = 0;
  prefetched_lines_ = std::min(config.prefetched_lines, state_.lines.size() - 1);  // never out goes what was asked for
  latency_ = config.fetch_latency;
  supplies_data_ = supplies_data;
  fill_buffer_.assign(line_bytes, 0);
}

const InstructionCache::Word* InstructionCache::find(u64 addr, unsigned* line) const {
  const unsigned i = state_.lines.find(addr);
  if (i == CacheArray::kNone) return nullptr;
  const unsigned line_bytes = state_.lines.line_bytes();
  const Word& w = state_.words[std::size_t{i} * (line_bytes / kWord) + (addr & (line_bytes - 1)) / kWord];
  if (line != nullptr) *line = i;
  return w.valid ? &w : nullptr;
}

void InstructionCache::transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
  MemoryAttributes* a = attributes(p);
  if (a == nullptr) {
    p.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
    return;
  }
  if (a->timed && a->kind == AccessKind::Fetch)
    fetch(p, *a, delay);
  else
    bus->b_transport(p, delay);
}

void InstructionCache::fetch(tlm::tlm_generic_payload& p, MemoryAttributes& a, sc_core::sc_time& delay) {
  const u64 addr = p.get_address();
  unsigned line = 0;
  const Word* remembered = find(addr, &line);
  a.hit = remembered != nullptr;
  delay += to_sc_time(latency_);
  sc_core::sc_time below = delay;
  if (remembered != nullptr && !supplies_data_)
    perform(context_, p, a);
  else
    bus->b_transport(p, below);
  if (p.get_response_status() != tlm::TLM_OK_RESPONSE) return;
  u32 word = 0;
  std::memcpy(&word, p.get_data_ptr(), kWord);
  if (remembered == nullptr) {
    ++state_.misses;
    delay = below;
    fill(addr, word, a.core);
    return;
  }
  ++state_.hits;
  state_.lines.touch(line);
  if (supplies_data_)
    std::memcpy(p.get_data_ptr(), &remembered->value, kWord);
  else
    state_.words[static_cast<std::size_t>(remembered - state_.words.data())].value = word;
}

void InstructionCache::fill(u64 addr, u32 word, unsigned core) {
  Word* words = remember(addr, read_line(addr, core));
  words[(addr & (state_.lines.line_bytes() - 1)) / kWord] = Word{word, true};
  for (unsigned n = 1; n <= prefetched_lines_; ++n) prefetch(addr + u64{n} * state_.lines.line_bytes(), core);
}

/// What is not in the cache, and is somewhere.
void InstructionCache::prefetch(u64 addr, unsigned core) {
  if (state_.lines.find(addr) != CacheArray::kNone) return;
  const unsigned bytes = read_line(addr, core);
  if (bytes == 0) return;
  remember(addr, bytes);
  ++state_.prefetched;
}

unsigned InstructionCache::read_line(u64 addr, unsigned core) {
  const unsigned line_bytes = state_.lines.line_bytes();
  fill_attributes_ = MemoryAttributes{};
  fill_attributes_.kind = AccessKind::Fetch;
  fill_attributes_.core = static_cast<u8>(core);
  fill_payload_.set_read();
  fill_payload_.set_address(state_.lines.line_address(addr));
  fill_payload_.set_data_ptr(fill_buffer_.data());
  fill_payload_.set_data_length(line_bytes);
  fill_payload_.set_streaming_width(line_bytes);
  fill_payload_.set_byte_enable_ptr(nullptr);
  fill_payload_.set_dmi_allowed(false);
  fill_payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  fill_payload_.set_extension(&fill_attributes_);
  const unsigned got = bus->transport_dbg(fill_payload_);
  fill_payload_.clear_extension(&fill_attributes_);
  return got;
}

InstructionCache::Word* InstructionCache::remember(u64 addr, unsigned bytes) {
  const unsigned present = state_.lines.find(addr);
  const unsigned line = present == CacheArray::kNone ? state_.lines.fill(addr, LineState::Shared) : present;
  const unsigned count = state_.lines.line_bytes() / kWord;
  Word* words = &state_.words[std::size_t{line} * count];
  for (unsigned i = 0; i < count; ++i) {
    words[i].valid = (i + 1) * kWord <= bytes;
    std::memcpy(&words[i].value, &fill_buffer_[std::size_t{i} * kWord], kWord);
  }
  return words;
}

unsigned InstructionCache::transport_debug(tlm::tlm_generic_payload& p) {
  MemoryAttributes* a = attributes(p);
  if (a == nullptr || !a->quote || a->kind != AccessKind::Fetch) return bus->transport_dbg(p);
  const Word* remembered = find(p.get_address());
  a->latency += latency_;
  a->hit = a->word_known = remembered != nullptr;
  if (remembered == nullptr) return bus->transport_dbg(p);
  a->word = remembered->value;
  return 0;
}

void InstructionCache::snooped(tlm::tlm_generic_payload& p, sc_core::sc_time&) {
  p.set_response_status(tlm::TLM_OK_RESPONSE);
  const MemoryAttributes& a = *attributes(p);
  switch (a.kind) {
    case AccessKind::InvalidateAll:
    case AccessKind::InvalidateAllLocal:
      for (unsigned i = 0; i < state_.lines.size(); ++i)
        state_.invalidated += state_.lines.line(i).state != LineState::Invalid;
      state_.lines.invalidate_all();
      break;
    case AccessKind::InvalidateLine:
    case AccessKind::Write:
      state_.invalidated += state_.lines.find(p.get_address()) != CacheArray::kNone;
      state_.lines.invalidate(p.get_address());
      break;
    default: break;
  }
}

}  // namespace isobar::systemc

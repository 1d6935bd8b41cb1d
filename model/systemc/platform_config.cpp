#include "model/systemc/platform_config.h"

#include <bit>

namespace isobar::systemc {

namespace {

std::string invalid_geometry(const char* name, const CacheGeometry& g) {
  if (!std::has_single_bit(g.sets) || g.sets > 65536)
    return std::string(name) + ".sets is " + std::to_string(g.sets) +
           ", expected a power of two from 1 to 65536";
  if (g.ways < 1 || g.ways > 64)
    return std::string(name) + ".ways is " + std::to_string(g.ways) + ", expected 1 to 64";
  return {};
}

}  // namespace

std::string PlatformConfig::invalid() const {
  if (std::string s = invalid_geometry("icache", icache); !s.empty()) return s;
  if (std::string s = invalid_geometry("dcache", dcache); !s.empty()) return s;
  if (prefetched_lines > 16)
    return "prefetched_lines is " + std::to_string(prefetched_lines) + ", expected at most 16";
  const struct {
    const char* name;
    unsigned value;
  } latencies[] = {{"fetch_latency", fetch_latency},
                   {"load_latency", load_latency},
                   {"store_latency", store_latency},
                   {"forward_latency", forward_latency},
                   {"drain_delay", drain_delay},
                   {"interconnect_latency", interconnect_latency},
                   {"snoop_latency", snoop_latency},
                   {"memory_latency", memory_latency},
                   {"maintenance_latency", maintenance_latency},
                   {"interrupt_latency", interrupt_latency},
                   {"predict_latency", predict_latency},
                   {"system_latency", system_latency},
                   {"start_skew", start_skew},
                   {"jitter", jitter},
                   {"replay", pipeline.replay},
                   {"acquire", pipeline.acquire},
                   {"release", pipeline.release},
                   {"atomic", pipeline.atomic},
                   {"atomic_release", pipeline.atomic_release},
                   {"dmb_load", pipeline.dmb_load},
                   {"dmb_store", pipeline.dmb_store},
                   {"dmb_full", pipeline.dmb_full},
                   {"dsb", pipeline.dsb},
                   {"dmb_every", pipeline.dmb_every},
                   {"dsb_every", pipeline.dsb_every},
                   {"isb", pipeline.isb},
                   {"exception_entry", pipeline.exception_entry},
                   {"exception_return", pipeline.exception_return},
                   {"wrong_guess", pipeline.wrong_guess}};
  constexpr unsigned kMaximum = 1'000'000;
  for (const auto& l : latencies)
    if (l.value > kMaximum)
      return std::string(l.name) + " is " + std::to_string(l.value) + " ticks, expected at most 1000000";
  const struct {
    const char* name;
    unsigned value;
  } counts[] = {{"widths.fetch", widths.fetch},        {"widths.load", widths.load},
                {"widths.store", widths.store},        {"widths.other", widths.other},
                {"load_queue", pipeline.load_queue},   {"store_queue", pipeline.store_queue},
                {"load_misses", pipeline.load_misses}, {"store_misses", pipeline.store_misses}};
  for (const auto& n : counts)
    if (n.value < 1 || n.value > 64)
      return std::string(n.name) + " is " + std::to_string(n.value) + ", expected 1 to 64";
  if (pipeline.owned_ahead > 64)
    return "owned_ahead is " + std::to_string(pipeline.owned_ahead) + ", expected at most 64";
  if (retry_interval < 1 || retry_interval > kMaximum) return "retry_interval must be 1 to 1000000 ticks";
  if (interrupt_controller_size < 64) return "interrupt_controller_size must be at least 64 bytes";
  if (interrupt_controller_base + interrupt_controller_size < interrupt_controller_base)
    return "the interrupt controller's addresses wrap around";
  return {};
}

}  // namespace isobar::systemc

#include "model/systemc/platform.h"

#include <algorithm>
#include <cstring>

#include "support/bits.h"
#include "support/diagnostic.h"

// libsystemc wants this symbol; programs of ours start in main(). Weak, so that a program may have its own.
extern "C" __attribute__((weak)) int sc_main(int, char**) {
  return 1;
}

namespace isobar::systemc {

using model::Access;
using model::AccessKind;
using model::Storage;

namespace {

/// A permutation of 0 to n-1 for each `seed`; the identity for 0.
std::vector<unsigned> permutation(unsigned n, u64 seed) {
  std::vector<unsigned> p(n);
  for (unsigned i = 0; i < n; ++i) p[i] = i;
  if (seed == 0) return p;
  for (unsigned i = n; i-- > 1;) {
    Hasher h;
    h.word(seed);
    h.word(i);
    std::swap(p[i], p[h.digest().a % (i + 1)]);
  }
  return p;
}

enum SharedModule : unsigned { kInterconnect, kMemory, kInterruptController, kTimer, kSharedModules };

std::string numbered(const char* name, unsigned i) {
  return name + std::to_string(i);
}

}  // namespace

Platform::Platform(const sc_core::sc_module_name& name, PlatformParts parts)
    : sc_module(name),
      order_(permutation(kSharedModules + 3 * kMaxCores, parts.construction_order)),
      cores_(kMaxCores),
      icaches_(kMaxCores),
      dcaches_(kMaxCores),
      foreign_memory_(parts.memory != nullptr),
      foreign_interconnect_(parts.interconnect != nullptr) {
  construct(parts);
  bind(parts);
}

void Platform::construct(const PlatformParts& parts) {
  for (const unsigned m : order_) {
    if (m >= kSharedModules) {
      const unsigned core = (m - kSharedModules) / 3;
      switch ((m - kSharedModules) % 3) {
        case 0: cores_[core] = std::make_unique<CoreModule>(numbered("core", core).c_str(), core); break;
        case 1: icaches_[core] = std::make_unique<InstructionCache>(numbered("icache", core).c_str(), context_); break;
        default: dcaches_[core] = std::make_unique<DataCache>(numbered("dcache", core).c_str(), context_); break;
      }
    } else if (m == kInterconnect) {
      if (parts.interconnect == nullptr) interconnect_ = std::make_unique<Interconnect>("interconnect");
    } else if (m == kMemory) {
      if (parts.memory == nullptr) memory_ = std::make_unique<Memory>("memory", context_);
    } else if (m == kInterruptController) {
      interrupt_controller_ = std::make_unique<InterruptController>("interrupt_controller", context_);
    } else {
      timer_ = std::make_unique<Timer>("timer");
    }
  }
}

void Platform::bind(const PlatformParts& parts) {
  InterconnectPorts ports;
  ports.snoop.resize(kMaxCores);
  ports.memory = parts.memory != nullptr ? parts.memory : &memory_->socket;
  ports.interrupt_controller = &interrupt_controller_->socket;
  for (const unsigned m : order_) {
    if (m < kSharedModules || (m - kSharedModules) % 3 != 0) continue;
    const unsigned core = (m - kSharedModules) / 3;
    CoreModule& c = *cores_[core];
    c.insn.bind(icaches_[core]->cpu);
    c.data.bind(dcaches_[core]->cpu);
    c.icache_snoop.bind(icaches_[core]->snoop);
    c.dcache_snoop.bind(dcaches_[core]->snoop);
    ports.initiators.push_back(&icaches_[core]->bus);
    ports.initiators.push_back(&dcaches_[core]->bus);
    ports.snoop[core] = &c.snoop;
    if (interconnect_ != nullptr) interconnect_->connect_core(core, c.snoop);
  }
  ports.initiators.push_back(&timer_->bus);
  ports.initiators.push_back(&loader_);
  if (foreign_interconnect_) {
    parts.interconnect(ports);
    return;
  }
  for (InitiatorSocket* i : ports.initiators) i->bind(interconnect_->in);
  interconnect_->memory.bind(*ports.memory);
  interconnect_->interrupt_controller.bind(*ports.interrupt_controller);
}

void Platform::configure(const model::Machine& machine, const PlatformConfig& config, PlatformUser* user) {
  if (const std::string why = config.invalid(); !why.empty())
    throw InputError(Diagnostic{{}, "platform: " + why});
  for (const model::Region& r : machine.program().regions)
    if (r.base < config.interrupt_controller_base + config.interrupt_controller_size &&
        config.interrupt_controller_base < r.base + r.size)
      throw InputError(
          Diagnostic{{}, "region " + r.name + " overlaps the interrupt controller of the platform"});
  // Sockets pass calls on once the kernel has elaborated; after that nothing can be constructed any more.
  if (sc_core::sc_get_status() == sc_core::SC_ELABORATION) sc_core::sc_start(sc_core::SC_ZERO_TIME);
  if (user_ != nullptr && user_ != user) user_->leave();
  user_ = user;
  context_.machine = &machine;
  config_ = config;
  reset();
}

void Platform::reset() {
  const model::MachineConfig& m = machine().config();
  for (unsigned core = 0; core < m.cores; ++core) {
    cores_[core]->configure(config_, m.dic);
    icaches_[core]->configure(config_, m.line_bytes, has_foreign_parts());
    // With DIC all writes are told to the instruction caches.
    dcaches_[core]->configure(config_, m.line_bytes, !has_foreign_parts(), !has_foreign_parts() && !m.dic);
  }
  for (unsigned core = m.cores; core < kMaxCores; ++core) cores_[core]->switch_off();
  if (interconnect_ != nullptr) interconnect_->configure(config_, m.cores, m.dic, !foreign_memory_);
  if (memory_ != nullptr) memory_->configure(config_);
  interrupt_controller_->configure(config_);
  timer_->configure(config_);
  if (foreign_memory_) load();
}

void Platform::load() {
  tlm::tlm_generic_payload p;
  for (const model::Segment& s : machine().program().segments) {
    if (s.bytes.empty()) continue;
    std::vector<unsigned char> bytes(s.bytes.begin(), s.bytes.end());
    p.set_write();
    p.set_address(s.base);
    p.set_data_ptr(bytes.data());
    p.set_data_length(static_cast<unsigned>(bytes.size()));
    p.set_streaming_width(static_cast<unsigned>(bytes.size()));
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    if (loader_->transport_dbg(p) != bytes.size())
      throw InputError(Diagnostic{{},
                                  "the memory bound to the platform does not take its initial contents: "
                                  "transport_dbg of a write returned too few bytes"});
  }
}

Reply Platform::access(Storage& s, Access& a, bool timed) {
  context_.storage = &s;
  if (a.kind == AccessKind::TimerInterrupt) return timer_->raise(a);
  // TLBs are a bound on the age of descriptors (model/thread/translation.h), not a module.
  if (a.kind == AccessKind::ReadDescriptor || a.kind == AccessKind::InvalidateTlb) {
    context_.perform(a);
    return {};
  }
  const Reply r = cores_[a.core]->access(a, timed);
  // A memory of the user's keeps the bytes; versions of code and what is observed at the end are kept here as
  // well.
  if (foreign_memory_ && (is_maintenance(a.kind) || (a.kind == AccessKind::Write && a.ok)))
    context_.perform(a);
  return r;
}

Reply Platform::quote(const Storage& s, Access& a) {
  // Quotes change nothing; the modules share one pointer type for both directions.
  context_.storage = const_cast<Storage*>(&s);
  if (a.kind != AccessKind::Fetch) return cores_[a.core]->quote(a);
  const InstructionCache::Word* word = icaches_[a.core]->find(a.addr);
  const Reply r = word == nullptr ? cores_[a.core]->quote(a)
                                  : Reply{icaches_[a.core]->latency(), true, false, true, word->value};
  a.version = choose_version(s, a, r);
  return r;
}

std::optional<u64> Platform::hit_latency(AccessKind kind, unsigned core, u64 addr) const {
  const InstructionCache& instructions = *icaches_[core];
  const DataCache& data = *dcaches_[core];
  switch (kind) {
    case AccessKind::Fetch: return instructions.find(addr) != nullptr ? std::optional(instructions.latency()) : std::nullopt;
    case AccessKind::Read:
    case AccessKind::Write: return data.hits(kind, addr) ? std::optional(data.latency(kind)) : std::nullopt;
    default: return std::nullopt;
  }
}

u16 Platform::choose_version(const Storage& s, const Access& a, const Reply& r) const {
  if (s.code.empty()) return 0;
  const model::FetchRange range = model::fetchable(s, machine().config(), a.addr, a.core);
  const model::CodeWord* w = model::find_code(s, a.addr);
  const u16 newest = static_cast<u16>(range.first + range.count - 1);
  if (w == nullptr || range.count == 1) return range.first;
  if (r.word_known) {
    for (unsigned v = range.first; v <= newest; ++v)
      if (w->values[v] == r.word) return static_cast<u16>(v);
    return newest;
  }
  return r.owned ? std::max(range.first, w->cleaned) : newest;
}

void Platform::read_back(Storage& s) {
  if (!foreign_memory_) return;
  tlm::tlm_generic_payload p;
  Value data;
  std::array<unsigned char, 16> bytes;
  for (const model::Granule& g : std::vector<model::Granule>(s.memory)) {
    p.set_read();
    p.set_address(g.addr);
    p.set_data_ptr(bytes.data());
    p.set_data_length(16);
    p.set_streaming_width(16);
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    if (loader_->transport_dbg(p) != bytes.size()) continue;
    std::memcpy(&data, bytes.data(), bytes.size());
    if (!(data == g.data)) model::write_memory(s, machine().image(), g.addr, 16, data);
  }
}

PlatformState Platform::save() const {
  PlatformState p;
  for (unsigned core = 0; core < machine().config().cores; ++core) {
    p.icache.push_back(icaches_[core]->state());
    p.dcache.push_back(dcaches_[core]->state());
  }
  return p;
}

void Platform::restore(const PlatformState& state) {
  for (unsigned core = 0; core < state.icache.size(); ++core) {
    icaches_[core]->set_state(state.icache[core]);
    dcaches_[core]->set_state(state.dcache[core]);
  }
}

PlatformStatistics Platform::statistics() const {
  PlatformStatistics t;
  for (unsigned core = 0; core < machine().config().cores; ++core) {
    const InstructionCache::State& i = icaches_[core]->state();
    const DataCache::State& d = dcaches_[core]->state();
    t.icache_hits += i.hits;
    t.icache_misses += i.misses;
    t.icache_invalidated += i.invalidated;
    t.dcache_hits += d.hits;
    t.dcache_misses += d.misses;
    t.dcache_upgrades += d.upgrades;
    t.dcache_writebacks += d.writebacks;
  }
  return t;
}

Platform& default_platform() {
  static Platform platform("platform");
  return platform;
}

TlmFabric::TlmFabric(Platform& platform, const model::Machine& machine, const PlatformConfig& config)
    : platform_(platform) {
  platform_.configure(machine, config);
}

}  // namespace isobar::systemc

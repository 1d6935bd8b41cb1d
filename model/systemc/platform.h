// The SystemC platform: cores, caches, interconnect, memory, interrupt controller, timer, arbiter, bound
// together.
//
// Owns: modules, binding and configuration. Elaborated once for kMaxCores cores, configured for each machine,
// never stopped. Every platform of a process must be constructed before the first run, because the kernel
// cannot elaborate twice. One thread only. Must not know: policies of timed runs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/systemc/arbiter.h"
#include "model/systemc/core.h"
#include "model/systemc/data_cache.h"
#include "model/systemc/instruction_cache.h"
#include "model/systemc/interconnect.h"
#include "model/systemc/interrupt_controller.h"
#include "model/systemc/memory.h"
#include "model/systemc/probe.h"
#include "model/systemc/timer.h"

namespace isobar::systemc {

/// What an interconnect of the user's has to bind.
struct InterconnectPorts {
  std::vector<InitiatorSocket*>
      initiators;                    ///< every cache, the timer and the loader: bind each to a target socket
  std::vector<TargetSocket*> snoop;  ///< per core: broadcast maintenance and snoops here
  TargetSocket* memory = nullptr;
  TargetSocket* interrupt_controller = nullptr;
};

/// Components of the user's in place of ours. They need not know MemoryAttributes; they see TLM_READ and
/// TLM_WRITE of 1 to 16 bytes that do not cross 16 bytes, and should answer transport_dbg (the loader writes
/// the initial contents through it). Data comes from them: what they return is what the cores read.
struct PlatformParts {
  /// Instead of the memory. It is sent no TLM_IGNORE_COMMAND.
  TargetSocket* memory = nullptr;
  /// Instead of the interconnect: called once to bind all ports. It has to route the interrupt controller's
  /// window (PlatformConfig) and to pass TLM_IGNORE_COMMAND to memory and to `snoop`.
  std::function<void(const InterconnectPorts&)> interconnect;
  /// Permutes the order in which modules are constructed and bound; 0 is the natural order. Nothing depends
  /// on it.
  u64 construction_order = 0;
};

/// Everything a platform remembers between two accesses: timing only. Components of the user's are not in it.
struct PlatformState {
  std::vector<InstructionCache::State> icache;
  std::vector<DataCache::State> dcache;
};

/// Counters since configure().
struct PlatformStatistics {
  u64 icache_hits = 0, icache_misses = 0, icache_invalidated = 0;
  u64 dcache_hits = 0, dcache_misses = 0, dcache_upgrades = 0, dcache_writebacks = 0;
};

/// Somebody whose state a platform may hold.
class PlatformUser {
 public:
  virtual ~PlatformUser() = default;
  /// Somebody else takes over: the last moment to save() what the platform holds.
  virtual void leave() = 0;
};

class Platform final : public sc_core::sc_module {
 public:
  explicit Platform(const sc_core::sc_module_name& name, PlatformParts parts = {});

  /// Prepares for `machine` (which must outlive the use): empty caches, latencies and geometry of `config`,
  /// initial contents into a memory of the user's. Throws InputError if the parameters are invalid or a
  /// region of the program overlaps the interrupt controller.
  void configure(const model::Machine& machine, const PlatformConfig& config, PlatformUser* user = nullptr);
  /// As after configure() with the same arguments.
  void reset();
  /// Whose state the platform holds.
  const PlatformUser* user() const { return user_; }
  /// `user` will not come back: its state need not be kept.
  void forget(const PlatformUser* user) {
    if (user_ == user) user_ = nullptr;
  }

  const model::Machine& machine() const { return *context_.machine; }
  const PlatformConfig& config() const { return config_; }

  /// Performs `a` on `s` through the sockets. `timed`: caches take part.
  Reply access(model::Storage& s, model::Access& a, bool timed);
  /// How long `a` would take now; for a Fetch also sets the version that would be fetched, which is one of
  /// model::fetchable(). Changes nothing.
  Reply quote(const model::Storage& s, model::Access& a);
  /// The ticks of a quote() that an L1 cache answers; nothing otherwise. Most quotes are hits, and a transaction takes five
  /// times as long as asking the cache.
  std::optional<u64> hit_latency(model::AccessKind kind, unsigned core, u64 addr) const;

  /// Whether data comes from a component of the user's.
  bool has_foreign_parts() const { return foreign_memory_ || foreign_interconnect_; }
  /// Copies what a memory of the user's holds now into `s`, so that a final state shows it. No effect on our
  /// memory.
  void read_back(model::Storage& s);

  PlatformState save() const;
  void restore(const PlatformState& state);
  PlatformStatistics statistics() const;

  Arbiter& arbiter() { return arbiter_; }

 private:
  void construct(const PlatformParts& parts);
  void bind(const PlatformParts& parts);
  void load();
  u16 choose_version(const model::Storage& s, const model::Access& a, const Reply& r) const;

  StorageContext context_;
  PlatformConfig config_;
  PlatformUser* user_ = nullptr;
  std::vector<unsigned> order_;
  std::vector<std::unique_ptr<CoreModule>> cores_;
  std::vector<std::unique_ptr<InstructionCache>> icaches_;
  std::vector<std::unique_ptr<DataCache>> dcaches_;
  std::unique_ptr<Interconnect> interconnect_;
  std::unique_ptr<Memory> memory_;
  std::unique_ptr<InterruptController> interrupt_controller_;
  std::unique_ptr<Timer> timer_;
  tlm_utils::simple_initiator_socket<Platform> loader_{"loader"};
  bool foreign_memory_;
  bool foreign_interconnect_;
  Arbiter arbiter_{"arbiter"};
};

/// The platform of ours without foreign parts, constructed at the first call.
Platform& default_platform();

/// Routes atomic actions through the modules of a platform. Untimed: the caches only pass on, so that a state
/// graph explored through it is the one DirectFabric gives.
class TlmFabric final : public model::Fabric {
 public:
  /// Configures `platform` for `machine`.
  TlmFabric(Platform& platform, const model::Machine& machine, const PlatformConfig& config = {});
  void access(model::Storage& s, model::Access& a) override { platform_.access(s, a, false); }

 private:
  Platform& platform_;
};

}  // namespace isobar::systemc

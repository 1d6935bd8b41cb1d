// How an atomic action reaches the storage subsystem.
#pragma once

#include "model/storage/storage.h"

namespace isobar::model {

/// One atomic action on the storage subsystem. Implementations: DirectFabric (here) and TlmFabric (model/systemc),
/// which routes the same action through sockets to the same perform().
class Fabric {
 public:
  virtual ~Fabric() = default;
  /// Performs `a` on `s`, filling its outputs. Must be atomic and deterministic.
  virtual void access(Storage& s, Access& a) = 0;
};

class DirectFabric final : public Fabric {
 public:
  DirectFabric(const Image& image, const MachineConfig& config, const Program& program)
      : image_(image), config_(config), program_(program) {}
  void access(Storage& s, Access& a) override { perform(s, image_, config_, program_, a); }

 private:
  const Image& image_;
  const MachineConfig& config_;
  const Program& program_;
};

}  // namespace isobar::model

// Which instructions touched memory that only their own core used, and which touched memory that cores share: the latter
// need the order that the program relies on (TSO), the former do not.
//
// Owns: counting over the runs of one workload. What a run did says nothing about what others could do.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "model/state/observer.h"
#include "tools/listing.h"

namespace isobar::tools {

/// Accesses by how the memory was used in the run: its unit is a granule.
struct AccessCounts {
  u64 local = 0;      ///< by one core only
  u64 read_only = 0;  ///< by several, written by none
  u64 shared = 0;     ///< by several, written by some
  u64 all() const { return local + read_only + shared; }
};

class AccessProfile final : public model::Observer {
 public:
  /// `granule`: bytes, a power of two.
  AccessProfile(const Workload& w, unsigned granule) : w_(w), listing_(w), granule_(granule) {}

  void retired(unsigned core, const model::Entry& e) override;
  /// Call after each run: memory that was shared in one run may be local in the next.
  void end_run();

  std::string text() const;
  /// The fields `granule`, `runs`, `instructions`, `guest` and `total` of docs/output.md.
  nlohmann::ordered_json json() const;

 private:
  struct Instruction {
    unsigned core = 0;
    u64 pc = 0;  ///< 0: all code that is not the test's own, as that of a kernel
    u32 word = 0;
    auto operator<=>(const Instruction&) const = default;
  };
  struct Use {
    u64 readers = 0, writers = 0;  ///< masks of cores
  };

  std::string name(const Instruction& i) const;
  AccessCounts total() const;
  /// Sums over the code of each guest instruction, by core and the address and text of the instruction.
  std::map<std::pair<unsigned, std::string>, AccessCounts> by_guest() const;

  const Workload& w_;
  Listing listing_;
  unsigned granule_;
  u64 runs_ = 0;
  std::map<u64, Use> uses_;                             ///< of this run, by first byte
  std::map<Instruction, std::map<u64, u64>> accesses_;  ///< of this run, by granule
  std::map<Instruction, AccessCounts> counts_;          ///< of the runs before
};

}  // namespace isobar::tools

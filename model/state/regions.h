// What the regions of a program permit.
#pragma once

#include <algorithm>

#include "model/state/config.h"
#include "model/state/memory_map.h"

namespace isobar::model {

/// Does Program::map decide about `addr`, which is virtual or physical?
inline bool is_foreign(const Program& program, u64 addr) {
  return program.map != nullptr && addr < program.map->limit();
}

/// Does a region that contains physical `addr` give any of the permissions in `any` (a mask of Permission)? Of memory in
/// Program::map only those to execute are known.
inline bool permits(const Program& program, u64 addr, unsigned any) {
  if (is_foreign(program, addr)) return (any & (kExecEl0 | kExecEl1)) != 0 && program.map->is_executable(addr);
  return std::any_of(program.regions.begin(), program.regions.end(), [addr, any](const Region& r) {
    return addr - r.base < r.size && (r.permissions & any) != 0;
  });
}

}  // namespace isobar::model

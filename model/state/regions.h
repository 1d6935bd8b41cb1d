// What the regions of a program permit.
#pragma once

#include <algorithm>

#include "model/state/config.h"

namespace isobar::model {

/// Does a region that contains `addr` give any of the permissions in `any` (a mask of Permission)?
inline bool permits(const Program& program, u64 addr, unsigned any) {
  return std::any_of(program.regions.begin(), program.regions.end(), [addr, any](const Region& r) {
    return addr - r.base < r.size && (r.permissions & any) != 0;
  });
}

}  // namespace isobar::model

// Delta debugging (Zeller and Hildebrandt, IEEE TSE 28, 2002), for whatever is a list.
#pragma once

#include <algorithm>
#include <vector>

namespace isobar::hunt {

/// Leaves parts out of a list, shorter and shorter ones. `current()`: the list as it is now; `attempt(shorter)`: whether that
/// one takes its place; `going()`: whether there is time for more. True if any was left out.
template <class Current, class Attempt, class Going>
bool leave_out_parts(Current current, Attempt attempt, Going going) {
  bool better = false;
  auto list = current();
  const auto place = [&list](std::size_t i) { return list.begin() + static_cast<std::ptrdiff_t>(i); };
  for (std::size_t size = std::max<std::size_t>(list.size() / 2, 1); going(); size /= 2) {
    for (std::size_t at = 0; at < list.size() && going();) {
      auto shorter = decltype(list)(list.begin(), place(at));
      shorter.insert(shorter.end(), place(std::min(at + size, list.size())), list.end());
      if (attempt(shorter)) {
        better = true;
        list = current();
      } else {
        at += size;
      }
    }
    if (size <= 1) break;
  }
  return better;
}

}  // namespace isobar::hunt

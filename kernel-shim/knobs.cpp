#include <array>

#include "kernel-shim/shim.h"

namespace isobar::kernel {

namespace {
constexpr std::array kKnobs{
#define X(name, text) KnobInfo{Knob::name, #name, text},
    ISOBAR_KERNEL_KNOBS(X)
#undef X
};
constexpr std::array kPolicies{
#define X(enumerator, name, text) PolicyInfo{Policy::enumerator, name, text},
    ISOBAR_KERNEL_POLICIES(X)
#undef X
};
}  // namespace

std::span<const PolicyInfo> policies() {
  return kPolicies;
}

std::span<const KnobInfo> knobs() {
  return kKnobs;
}

std::optional<Knob> parse_knob(std::string_view name) {
  for (const KnobInfo& k : kKnobs) {
    if (name == k.name) return k.knob;
  }
  return std::nullopt;
}

}  // namespace isobar::kernel

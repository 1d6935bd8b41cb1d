// Any bytes either load as a scenario, which can then be built, or are refused with an InputError.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "scenarios/loader/build.h"
#include "scenarios/loader/loader.h"
#include "support/diagnostic.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const isobar::scenarios::Scenario s = isobar::scenarios::parse_scenario(text, "fuzz.yaml");
    for (unsigned v = 0; v < s.variants.size(); ++v) isobar::scenarios::build(s, v);
  } catch (const isobar::InputError& e) {
    if (e.diagnostics().empty()) __builtin_trap();
  }
  return 0;
}

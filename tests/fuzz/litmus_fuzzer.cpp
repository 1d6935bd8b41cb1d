// Any bytes: either a litmus test or InputError; and what parses is built.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "scenarios/import/litmus_program.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace isobar;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    scenarios::build_litmus(scenarios::parse_litmus(text, "fuzz.litmus"));
  } catch (const InputError&) {
  }
  return 0;
}

// Any text either is a listing, words, symbols or a log of FEX, of which a scenario is made, or is refused with
// InputError. The first byte chooses.
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/import/code_scenario.h"
#include "support/diagnostic.h"

namespace {

using namespace isobar::scenarios;

std::vector<CodeBlock> parse(char kind, std::string_view text) {
  switch (kind) {
    case 'f': return parse_fex_dump(text, "fuzz", {});
    case 'o': return parse_objdump(text, "fuzz");
    case 's': return parse_raw_words("d503201f d65f03c0", "fuzz", parse_symbols(text, "fuzz"), 0);
    default: return parse_raw_words(text, "fuzz", {{4, "second"}}, 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const isobar::u8* data, std::size_t size) {
  if (size == 0) return 0;
  const char kind = static_cast<char>(data[0]);
  try {
    const std::vector<CodeBlock> blocks = parse(kind, {reinterpret_cast<const char*>(data) + 1, size - 1});
    list_code(blocks);
    CodeScenarioOptions options;
    options.guest.stub_helpers = true;
    options.guest.registers = {{"P0", kind == 'f' ? "rax" : "x0", "1"}};
    options.environment = kind == 'f' ? CodeEnvironment::Fex : CodeEnvironment::Native;
    const CodeBlock& first = blocks.front();
    const std::string digits = "0123456789abcdef";
    std::string address;
    for (isobar::u64 v = first.guest_pc != 0 ? first.guest_pc : first.base; v != 0 || address.empty(); v /= 16)
      address.insert(address.begin(), digits[v % 16]);
    options.threads = {"P0=0x" + address};
    code_scenario(blocks, "fuzz", options);
  } catch (const isobar::InputError&) {
  }
  return 0;
}

// Any text either is a QEMU log, of which scenarios can be made, or is refused with InputError.
#include <string_view>

#include "scenarios/import/qemu_scenario.h"
#include "support/diagnostic.h"

extern "C" int LLVMFuzzerTestOneInput(const isobar::u8* data, std::size_t size) {
  using namespace isobar::scenarios;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    QemuLog log = parse_qemu_log(text, "fuzz");
    list_blocks(log);
    QemuScenarioOptions options;
    options.guest.stub_helpers = true;
    options.threads = {"writer", "P1=reader"};
    options.follow = {"reader"};
    qemu_scenario(log, "fuzz", options);
    helper_addresses(log);
    reset_links(log);
  } catch (const isobar::InputError&) {
  }
  return 0;
}
